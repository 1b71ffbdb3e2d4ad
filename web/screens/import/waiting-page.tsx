/** A page that could not begin a recipe, because another one is begun and not saved: to copy, or to try again. */
import type { SharedPage } from '../../../shared/share.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { TextArea } from '../../components/text-field.tsx';
import { importText as text } from '../../text/import.ts';

interface WaitingPageProps {
  readonly page: SharedPage;
  readonly onOpenDraft: () => void;
  readonly onStartOver: () => void;
}

export function WaitingPage({ page, onOpenDraft, onStartOver }: WaitingPageProps) {
  return (
    <>
      <EmptyState
        title={text.waitingTitle}
        actions={
          <>
            <Button tone="primary" onClick={onOpenDraft}>
              {text.toDraft}
            </Button>
            <Button onClick={onStartOver}>{text.startOver}</Button>
          </>
        }
      >
        {text.waitingBody}
      </EmptyState>
      <TextArea
        label={text.waitingLabel}
        readOnly
        value={[page.title, page.notes, page.link].filter(Boolean).join('\n')}
        onValue={() => undefined}
      />
    </>
  );
}
