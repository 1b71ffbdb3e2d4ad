/**
 * Which day and which meal, as two plain pickers that work by touch, mouse, keyboard and voice alike. The
 * days on offer run from a week before the chosen one to three weeks after today.
 */
import { SelectField } from '../../components/text-field.tsx';
import { mealDialogText, mealNames } from '../../text/week.ts';
import { daysAround, dayWords } from './week-days.ts';
import css from './place-fields.module.css';
import { useToday } from './today.ts';
import { isMeal, meals, type Place } from './week-cells.ts';

export interface PlaceFieldsProps {
  readonly place: Place;
  readonly onChange: (place: Place) => void;
}

export function PlaceFields({ place, onChange }: PlaceFieldsProps) {
  const today = useToday();
  return (
    <div className={css['fields']}>
      <SelectField
        label={mealDialogText.day}
        value={place.day}
        options={daysAround(place.day, today).map((day) => ({
          value: day,
          label: dayWords(day, 'medium', today),
        }))}
        onValue={(day) => onChange({ ...place, day })}
      />
      <SelectField
        label={mealDialogText.meal}
        value={place.meal}
        options={meals.map((meal) => ({ value: meal, label: mealNames[meal] }))}
        onValue={(meal) => {
          if (isMeal(meal)) onChange({ ...place, meal });
        }}
      />
    </div>
  );
}
