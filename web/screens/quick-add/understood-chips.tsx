/** What was understood, before Enter: one chip per thing; its ✕ turns an amount back into text. */
import { formatAmount } from '../../../shared/domain/format-amount.ts';
import { Chip } from '../../components/chip.tsx';
import { wordsForQuickAdd } from '../../text/list.ts';
import css from './quick-add.module.css';
import type { UnderstoodPiece } from './understood.ts';

interface UnderstoodChipsProps {
  readonly pieces: readonly UnderstoodPiece[];
  readonly onAsText: (textKey: string) => void;
}

export function UnderstoodChips({ pieces, onAsText }: UnderstoodChipsProps) {
  const worthShowing =
    pieces.length > 1 ||
    pieces.some(({ entry }) => entry.quantityMilli !== null || entry.storeName !== null);
  if (!worthShowing) return null;
  return (
    <ul className={css['chips']} aria-label={wordsForQuickAdd.understood}>
      {pieces.map(({ entry, textKey }, index) => (
        // The order is the order of typing, which is the only identity a piece has.
        <li key={index}>
          <Chip
            tone={entry.quantityMilli === null ? 'plain' : 'understood'}
            {...(entry.quantityMilli === null
              ? {}
              : {
                  remove: {
                    label: wordsForQuickAdd.asText(entry.title),
                    onPress: () => onAsText(textKey),
                  },
                })}
          >
            {entry.quantityMilli === null ? null : (
              <strong>{formatAmount(entry.quantityMilli, entry.unit)}</strong>
            )}
            <span>{entry.title}</span>
            {entry.note === null ? null : <span>({entry.note})</span>}
            {entry.storeName === null ? null : <span>{wordsForQuickAdd.at(entry.storeName)}</span>}
          </Chip>
        </li>
      ))}
    </ul>
  );
}
