/** Earlier versions of one thing, newest first, each with what it held and one button to bring it back. */
import { useState } from 'react';

import type { VersionView } from '../../../shared/queries.ts';
import { Button } from '../../components/button.tsx';
import { usePerform, useQuery } from '../../kitchen.tsx';
import { wordsForVersions as text } from '../../text/choices.ts';
import { clockTime, dayHeading, exactTime } from '../../text/time.ts';
import { fieldName, valueText } from './choice-values.ts';
import css from './versions-list.module.css';

const FIELDS_MAX = 4;

/** Nothing at all where there are none and `quiet` is asked for. */
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
  return (
    <section className={css['versions']} aria-label={text.title}>
      {quiet ? <h3 className={css['heading']}>{text.title}</h3> : null}
      <ul className={css['list']}>
        {versions.map((version) => (
          <Version key={version.id} version={version} />
        ))}
      </ul>
    </section>
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
          {text[version.side]} ·{' '}
          <time dateTime={version.at} title={exactTime(version.at)}>
            {when}
          </time>
          {version.rows > 1 ? ` · ${text.rows(version.rows)}` : null}
        </p>
        <dl className={css['fields']}>
          {version.fields.slice(0, FIELDS_MAX).map((field) => (
            <div key={fieldName(field)}>
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
