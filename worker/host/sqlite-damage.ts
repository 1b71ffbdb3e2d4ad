/** What SQLite says of a file that is not what it was. Anything else is no reason to give up a kitchen. */
const DAMAGE = /malformed|not a database|disk I\/O error/;

export const isDamage = (detail: unknown): boolean =>
  DAMAGE.test(detail instanceof Error ? detail.message : String(detail));
