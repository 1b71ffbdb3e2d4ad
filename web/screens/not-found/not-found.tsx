/** Our own 404, from cache: says where one is and the way back. */
import { Link } from 'wouter';

import buttonCss from '../../components/button.module.css';
import { cx } from '../../components/cx.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Jar } from '../../components/jar.tsx';
import { View } from '../../components/view.tsx';
import { wordsForNotFound } from '../../text/views.ts';

export function NotFoundScreen() {
  return (
    <View title={wordsForNotFound.title} titleHidden>
      <EmptyState
        icon={<Jar size={36} />}
        title={wordsForNotFound.title}
        actions={
          <Link href="/list" className={cx(buttonCss['button'], buttonCss['primary'])}>
            {wordsForNotFound.toList}
          </Link>
        }
      >
        {wordsForNotFound.words}
      </EmptyState>
    </View>
  );
}
