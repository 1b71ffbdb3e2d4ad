/** Earlier versions of one thing, newest first, each with what it held and one button to bring it back. */
import { useState } from 'react';

import type { VersionView } from '../../../shared/queries.ts';
import { wordsForSentence } from '../../../shared/text/sentences.ts';
import { Button } from '../../components/button.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { wordsForVersions as text } from '../../text/choices.ts';
import { clockTime, dayHeading, exactTime } from '../../text/time.ts';
import { fieldName, valueText } from './choice-values.ts';
import css from './versions-list.module.css';

const FIELDS_MAX = 4;

/** `quiet`: folded away, and nothing at all where there are none. */
export function VersionsList(props: { readonly ids: readonly string[]; readonly quiet?: boolean }) {
  const [id = '', ...more] = props.ids;
  return (
    <>
      <VersionsOf id={id} quiet={props.quiet ?? false} />
      {more.map((other) => (
        <VersionsOf key={other} id={other} quiet />
      ))}
    </>
  );
}

function VersionsOf({ id, quiet }: { readonly id: string; readonly quiet: boolean }) {
  const versions = useQuery('versions', { id });
  if (versions === undefined) return null;
  if (versions.length === 0) return quiet ? null : <p className={css['quiet']}>{text.empty}</p>;
  const list = (
    <ul>
      {versions.map((version) => (
        <Version key={version.id} version={version} />
      ))}
    </ul>
  );
  if (!quiet) return list;
  return (
    <details>
      <summary className={css['heading']}>{text.count(versions.length)}</summary>
      {list}
    </details>
  );
}

function Version({ version }: { readonly version: VersionView }) {
  const perform = usePerform();
  const [nowMs] = useState(() => Date.now());
  const when = `${dayHeading(version.at, nowMs)}, ${clockTime(version.at)}`;
  return (
    <li className={css['version']} data-version={version.id}>
      <div>
        <p>
          {version.side === 'before'
            ? text.before(version.act === null ? '' : wordsForSentence(version.act))
            : text[version.side]}{' '}
          ·{' '}
          <time dateTime={version.at} title={exactTime(version.at)}>
            {when}
          </time>
          {version.rows > 1 ? ` · ${text.rows(version.rows)}` : null}
        </p>
        <dl className={css['fields']}>
          {version.fields.slice(0, FIELDS_MAX).map((field) => (
            <div key={`${fieldName(field)} ${valueText(field.columns, field.values)}`}>
              <dt>{fieldName(field)}</dt>
              <dd>{valueText(field.columns, field.values)}</dd>
            </div>
          ))}
        </dl>
      </div>
      <Button
        aria-label={text.bringBackOne(version.title, when)}
        onClick={() => void perform('version.restore', { versionId: version.id })}
      >
        {text.bringBack}
      </Button>
    </li>
  );
}
