/** First run: what these things are, that nothing more is needed, and where else one might come from. */
import { Link } from 'wouter';

import { Button } from '../../components/button.tsx';
import { useIsSaved, usePerform } from '../../kitchen.tsx';
import { wordsForList } from '../../text/list.ts';
import { useAccount } from '../../use-account.ts';
import css from './samples-card.module.css';

export function SamplesCard() {
  const perform = usePerform();
  const account = useAccount();
  const isSaved = useIsSaved();
  return (
    <aside className={css['card']} aria-label={wordsForList.samplesTitle}>
      <p>
        {account === null && isSaved ? <strong>{wordsForList.samplesTitle} </strong> : null}
        {wordsForList.samplesWords}
      </p>
      <p className={css['links']}>
        <Button onClick={() => void perform('samples.remove', {})}>
          {wordsForList.removeSamples}
        </Button>
        {account === null ? <Link href="/sign-in">{wordsForList.haveDevice}</Link> : null}
        <Link href="/import">{wordsForList.importRecipes}</Link>
      </p>
    </aside>
  );
}
