/** Journeys run over a build of the present sources; a stale one would pass or fail for yesterday's code. */
// oxlint-disable-next-line import/no-default-export -- Playwright asks for one
export { ensureBuilt as default } from '../../scripts/prepare.mjs';
