/** Asked when someone cancels a form that holds something new: nothing typed goes without a choice. */
import { Button } from '../../components/button.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { recipeEditText as text } from '../../text/recipes.ts';

export interface LeaveDialogProps {
  readonly onStay: () => void;
  readonly onLeave: () => void;
  readonly onThrowAway: () => void;
}

export function LeaveDialog({ onStay, onLeave, onThrowAway }: LeaveDialogProps) {
  return (
    <Sheet
      open
      onClose={onStay}
      title={text.leaveTitle}
      foot={
        <>
          <Button tone="danger" onClick={onThrowAway}>
            {text.throwAway}
          </Button>
          <Button onClick={onLeave}>{text.leave}</Button>
          <Button tone="primary" onClick={onStay}>
            {text.stay}
          </Button>
        </>
      }
    >
      <p>{text.leaveBody}</p>
    </Sheet>
  );
}
