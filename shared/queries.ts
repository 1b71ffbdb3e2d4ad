/**
 * What screens can ask, by name: arguments and rows. A query is a pure function of the local database
 * (`worker/queries/`), watched: it runs again when a table that it read has changed, and its rows go to
 * every tab that watches it. Rows are plain data and whole: a screen never joins.
 */
import type { Meal, Sentence } from './acts/acts.ts';

/** A list row: one product, unit family, shop and state; `parts` are the lines behind it. */
export interface ListRow {
  readonly key: string;
  readonly ids: readonly string[];
  readonly title: string;
  readonly productId: string | null;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly state: 'open' | 'later' | 'basket';
  readonly notes: readonly string[];
  /** `Lasagne Tue`: meals this is for. */
  readonly meals: readonly { readonly title: string; readonly day: string }[];
  readonly storeId: string | null;
  readonly storeName: string | null;
  readonly aisleId: string | null;
  readonly addedTwice: boolean;
  readonly parts: readonly ListPart[];
  readonly unsent: boolean;
  readonly inQuestion: boolean;
}

export interface ListPart {
  readonly id: string;
  readonly title: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly note: string | null;
  readonly priceMinor: number | null;
  readonly meal: { readonly entryId: string; readonly title: string; readonly day: string } | null;
}

export interface ListSection {
  readonly aisleId: string | null;
  readonly name: string;
  readonly hue: number | null;
  readonly rows: readonly ListRow[];
}

export interface ListView {
  readonly sections: readonly ListSection[];
  readonly later: readonly ListRow[];
  readonly basket: readonly ListRow[];
  readonly openCount: number;
  readonly basketCount: number;
  readonly samples: boolean;
}

export interface WeekEntry {
  readonly id: string;
  readonly day: string;
  readonly meal: Meal;
  readonly title: string;
  readonly recipeId: string | null;
  readonly recipeState: 'live' | 'trashed' | 'gone' | 'none';
  readonly photoId: string | null;
  readonly servings: number;
  readonly cooked: boolean;
  readonly note: string | null;
  /** List lines of this meal: how many are in the basket or bought, out of how many. */
  readonly lines: { readonly done: number; readonly all: number };
  readonly unsent: boolean;
}

export interface RecipeCard {
  readonly id: string;
  readonly title: string;
  readonly photoId: string | null;
  readonly hue: number;
  readonly minutes: number | null;
  readonly servings: number;
  readonly rating: number | null;
  readonly tags: readonly string[];
  readonly trashedAt: string | null;
  readonly unsent: boolean;
}

export interface IngredientView {
  readonly id: string;
  readonly wording: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  /** The wording without the amount, for a scaled view: "large onions, chopped". */
  readonly rest: string;
  readonly productId: string | null;
  readonly section: string | null;
  readonly optional: boolean;
}

export interface RecipeView {
  readonly id: string;
  readonly title: string;
  readonly servings: number;
  readonly summary: string | null;
  readonly notes: string | null;
  readonly prepMinutes: number | null;
  readonly cookMinutes: number | null;
  readonly rating: number | null;
  readonly sourceName: string | null;
  readonly sourceUrl: string | null;
  readonly photoId: string | null;
  readonly basedOn: { readonly id: string; readonly title: string } | null;
  readonly trashedAt: string | null;
  readonly ingredients: readonly IngredientView[];
  readonly steps: readonly {
    readonly id: string;
    readonly wording: string;
    readonly timerSeconds: number | null;
  }[];
  readonly tags: readonly { readonly id: string; readonly name: string; readonly hue: number }[];
  readonly planned: readonly { readonly entryId: string; readonly day: string }[];
}

/** One line of the plan sheet; `offReason` says why it starts unticked. */
export interface PlanSheetLine {
  readonly ingredientId: string;
  readonly title: string;
  readonly wording: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly productId: string | null;
  readonly on: boolean;
  readonly offReason: 'staple' | 'in-pantry' | 'optional' | null;
}

export interface Suggestion {
  readonly title: string;
  readonly unit: string | null;
  readonly productId: string | null;
  /** Already on the list, open or in the basket. */
  readonly onList: 'no' | 'open' | 'basket';
}

export interface TimelineEntry {
  readonly id: string;
  readonly sentence: Sentence;
  readonly at: string;
  readonly by: Writer | null;
  readonly direction: 'out' | 'in';
  readonly rows: readonly RowCount[];
  readonly state: 'saved' | 'sending' | 'accepted' | 'combined' | 'choice' | 'refused' | 'undone';
  readonly bundleSeq: number | null;
}

export interface RowCount {
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly rows: number;
}

/** A conflict or refusal that waits for a person; nothing of it is lost. */
export interface HeldRow {
  readonly table: string;
  readonly id: string;
  readonly title: string;
  readonly reason: 'conflict' | 'rejected' | 'orphaned';
  /** The constraint or conflict in a word, for the details. */
  readonly detail: string;
  readonly heldAt: string;
}

/** A source of changes as people know it; null where nobody said. */
export interface Writer {
  readonly person: string | null;
  readonly device: string | null;
}

/** Values of columns as they are stored; screens make words of them. */
export type Values = Readonly<Record<string, string | number | null>>;

/** Columns that are decided as one value. */
export interface ChoiceField {
  readonly columns: readonly string[];
  /** False: changed on one side only, and settled already. */
  readonly clash: boolean;
  readonly before: Values | null;
  readonly mine: Values | null;
  /** As the row is now. */
  readonly theirs: Values | null;
}

export type ChoiceKind =
  | 'field'
  | 'moved'
  | 'trashed-there'
  | 'trashed-here'
  | 'gone-there'
  | 'gone-here';

/** A question that a conflict left for a person. Theirs stands already; nothing waits for the answer. */
export interface ChoiceView {
  readonly id: number;
  readonly kind: ChoiceKind;
  readonly table: string;
  readonly subjectId: string;
  readonly title: string;
  readonly at: string;
  readonly theirsBy: Writer;
  /** The act of this device that the question is about. */
  readonly madeBy: Sentence | null;
  readonly fields: readonly ChoiceField[];
  /** The row was changed again since the question came up. */
  readonly changedSince: boolean;
  /** List lines that the answer decides along. */
  readonly settles: number;
  /** What belongs to the row: kept, brought back or let go together with it. */
  readonly parts: readonly { readonly table: string; readonly rows: number }[];
}

/** A side that lost, or a row as it was before an act of this device; kept for thirty days. */
export interface VersionView {
  readonly id: string;
  readonly table: string;
  readonly subjectId: string;
  readonly title: string;
  readonly at: string;
  readonly side: 'mine' | 'theirs' | 'before';
  /** The act that replaced it, for `before`. */
  readonly act: Sentence | null;
  readonly fields: readonly { readonly columns: readonly string[]; readonly values: Values }[];
  readonly rows: number;
}

export interface PantryRow {
  readonly id: string;
  readonly title: string;
  readonly quantityMilli: number | null;
  readonly unit: string | null;
  readonly place: 'fridge' | 'freezer' | 'cupboard';
  readonly expiresOn: string | null;
  readonly note: string | null;
}

export interface ActivityRow {
  readonly id: string;
  readonly happenedAt: string;
  readonly actor: string | null;
  readonly verb: string;
  readonly subjectTable: string;
  readonly title: string | null;
  readonly howMany: number;
}

export interface StoreRow {
  readonly id: string;
  readonly name: string;
  readonly openCount: number;
}

export interface AisleRow {
  readonly id: string;
  readonly name: string;
  readonly hue: number;
}

export interface Queries {
  list: { readonly args: { readonly storeId: string | null }; readonly rows: ListView };
  /** `from` is a Monday (or the chosen first day); seven days. */
  week: { readonly args: { readonly from: string }; readonly rows: readonly WeekEntry[] };
  recipes: {
    readonly args: { readonly search: string; readonly tagId: string | null };
    readonly rows: readonly RecipeCard[];
  };
  recipe: { readonly args: { readonly id: string }; readonly rows: RecipeView | null };
  photo: {
    readonly args: { readonly id: string };
    readonly rows: { readonly mime: string; readonly bytes: Uint8Array } | null;
  };
  planSheet: {
    readonly args: { readonly recipeId: string; readonly servings: number };
    readonly rows: readonly PlanSheetLine[];
  };
  suggest: { readonly args: { readonly text: string }; readonly rows: readonly Suggestion[] };
  stores: { readonly args: Readonly<Record<string, never>>; readonly rows: readonly StoreRow[] };
  aisles: { readonly args: Readonly<Record<string, never>>; readonly rows: readonly AisleRow[] };
  tags: {
    readonly args: Readonly<Record<string, never>>;
    readonly rows: readonly {
      readonly id: string;
      readonly name: string;
      readonly hue: number;
      readonly count: number;
    }[];
  };
  trash: { readonly args: Readonly<Record<string, never>>; readonly rows: readonly RecipeCard[] };
  pantry: { readonly args: Readonly<Record<string, never>>; readonly rows: readonly PantryRow[] };
  timeline: { readonly args: { readonly limit: number }; readonly rows: readonly TimelineEntry[] };
  held: { readonly args: Readonly<Record<string, never>>; readonly rows: readonly HeldRow[] };
  choices: { readonly args: Readonly<Record<string, never>>; readonly rows: readonly ChoiceView[] };
  /** Earlier versions of one recipe or line, newest first; `id` null: of everything. */
  versions: {
    readonly args: { readonly id: string | null };
    readonly rows: readonly VersionView[];
  };
  activity: { readonly args: { readonly limit: number }; readonly rows: readonly ActivityRow[] };
}

export type QueryName = keyof Queries;
export type QueryArgs<Q extends QueryName> = Queries[Q]['args'];
export type QueryRows<Q extends QueryName> = Queries[Q]['rows'];
