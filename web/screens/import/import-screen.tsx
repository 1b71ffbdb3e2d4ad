/**
 * Bringing recipes in (`app.md` §5.11): drop, pick or paste, see what becomes of it, then one act that
 * writes all of it or none. Nothing is written before the preview was seen; pictures come from the files
 * beside the recipes, never from the web.
 *
 * It owns the steps of that way. Reading is in `read-import.ts`, what the preview says in
 * `preview-rows.ts`.
 */
import { FileDown, Upload } from 'lucide-react';
import { type DragEvent, type FormEvent, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useHistoryState } from 'wouter/use-browser-location';

import type { SharedPage } from '../../../shared/share.ts';
import { Button } from '../../components/button.tsx';
import { cx } from '../../components/cx.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { TextArea } from '../../components/text-field.tsx';
import { View } from '../../components/view.tsx';
import { importText as text } from '../../text/import.ts';
import { beginRecipe } from '../share/begin-recipe.ts';
import { ImportPreview } from './import-preview.tsx';
import css from './import-screen.module.css';
import { type ImportPlan, readImport } from './read-import.ts';
import { WaitingPage } from './waiting-page.tsx';

type Stage =
  | { readonly type: 'choosing' }
  | { readonly type: 'reading'; readonly done: number; readonly all: number }
  | { readonly type: 'preview'; readonly plan: ImportPlan }
  | { readonly type: 'waiting'; readonly page: SharedPage }
  | { readonly type: 'done'; readonly count: number };

const choosing: Stage = { type: 'choosing' };
const beginning: Stage = { type: 'reading', done: 0, all: 0 };

/** What the import is opened with: a text to read, and what came with it where that is a link. */
export interface SharedState {
  readonly shared?: string;
  readonly page?: SharedPage;
}

export function ImportScreen() {
  // What another app shared stands in the history entry.
  const { shared = null, page = null } = useHistoryState<SharedState | null>() ?? {};
  const [stage, setStage] = useState<Stage>(shared === null ? choosing : beginning);
  // Kept while it is looked at: starting over brings the words back.
  const [typed, setTyped] = useState(shared ?? '');
  const [, go] = useLocation();

  const read = async (texts: readonly string[], files: readonly File[]) => {
    setStage(beginning);
    if (texts[0] !== undefined) setTyped(texts[0]);
    const plan = await readImport(texts, files, (done, all) =>
      setStage({ type: 'reading', done, all }),
    );
    setStage({ type: 'preview', plan });
  };
  useEffect(() => {
    if (shared === null) return;
    void readImport([shared], [], () => undefined).then((plan) =>
      setStage({ type: 'preview', plan }),
    );
  }, [shared]);
  const begin = (link: string) => {
    const known = page?.link === link ? page : { title: '', link, notes: '' };
    if (beginRecipe(known, Date.now())) go('/recipes/new');
    else setStage({ type: 'waiting', page: known });
  };

  return (
    <View title={text.title}>
      {stage.type === 'choosing' ? (
        <ImportSource typed={typed} onTyped={setTyped} onRead={(...what) => void read(...what)} />
      ) : null}
      {stage.type === 'reading' ? (
        <div className={css['reading']}>
          <output>
            {stage.all === 0 ? text.reading : text.readingPhotos(stage.done, stage.all)}
          </output>
          {stage.all === 0 ? null : (
            <progress value={stage.done} max={stage.all} aria-label={text.reading} />
          )}
        </div>
      ) : null}
      {stage.type === 'preview' ? (
        <ImportPreview
          plan={stage.plan}
          onStartOver={() => setStage(choosing)}
          onDone={(count) => {
            setTyped('');
            setStage({ type: 'done', count });
          }}
          onLink={begin}
        />
      ) : null}
      {stage.type === 'waiting' ? (
        <WaitingPage
          page={stage.page}
          onOpenDraft={() => {
            // The way back leads here again, with the link.
            const state: SharedState = { shared: stage.page.link, page: stage.page };
            go('/import', { replace: true, state });
            go('/recipes/new');
          }}
          onStartOver={() => setStage(choosing)}
        />
      ) : null}
      {stage.type === 'done' ? (
        <EmptyState
          title={text.doneTitle(stage.count)}
          actions={
            <>
              <Button tone="primary" onClick={() => go('/recipes')}>
                {text.toRecipes}
              </Button>
              <Button onClick={() => setStage(choosing)}>{text.more}</Button>
            </>
          }
        >
          {text.doneBody}
        </EmptyState>
      ) : null}
    </View>
  );
}

interface ImportSourceProps {
  readonly typed: string;
  readonly onTyped: (typed: string) => void;
  readonly onRead: (texts: readonly string[], files: readonly File[]) => void;
}

const accepted =
  '.json,.jsonld,.html,.htm,.txt,application/json,application/ld+json,text/html,image/*';

function ImportSource({ typed, onTyped, onRead }: ImportSourceProps) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);

  usePasteAnywhere(onRead);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const files = [...event.dataTransfer.files];
    const words = event.dataTransfer.getData('text/plain');
    if (files.length > 0 || words.trim() !== '') onRead(words.trim() === '' ? [] : [words], files);
  };
  const readTyped = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() !== '') onRead([typed], []);
  };

  return (
    <div className={css['source']}>
      <p className={css['quiet']}>{text.intro}</p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- dropping is a second way; the button does the same */}
      <fieldset
        aria-label={text.drop}
        className={cx(css['drop'], over && css['over'])}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <FileDown size={32} strokeWidth={1.5} aria-hidden="true" />
        <p className={css['dropTitle']}>{text.drop}</p>
        <p className={css['quiet']}>{text.dropBody}</p>
        <input
          ref={input}
          type="file"
          multiple
          accept={accepted}
          className="spoken"
          tabIndex={-1}
          aria-label={text.pick}
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            if (files.length > 0) onRead([], files);
          }}
        />
        <Button
          tone="primary"
          icon={<Upload size={18} aria-hidden="true" />}
          onClick={() => input.current?.click()}
        >
          {text.pick}
        </Button>
      </fieldset>
      <form className={css['paste']} onSubmit={readTyped}>
        <TextArea
          label={text.pasteLabel}
          placeholder={text.pastePlaceholder}
          rows={5}
          spellCheck={false}
          className={css['pasteField'] ?? ''}
          value={typed}
          onValue={onTyped}
        />
        <Button type="submit" disabled={typed.trim() === ''}>
          {text.read}
        </Button>
      </form>
    </div>
  );
}

/** Ctrl/⌘ V anywhere on the page; inside a field it pastes into the field as ever. */
function usePasteAnywhere(onRead: ImportSourceProps['onRead']): void {
  const latest = useRef(onRead);
  useEffect(() => {
    latest.current = onRead;
  }, [onRead]);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const isField =
        event.target instanceof HTMLElement && event.target.matches('input, textarea');
      if (isField || event.clipboardData === null) return;
      const files = [...event.clipboardData.files];
      const words = event.clipboardData.getData('text/plain');
      if (files.length === 0 && words.trim() === '') return;
      event.preventDefault();
      latest.current(words.trim() === '' ? [] : [words], files);
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, []);
}
