/**
 * After the server knows who this is: join the local kitchen with the household's. The server may ask to
 * wait while another device of the same account is being set up; that is tried a few times, not for ever.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Account, AttachOutcome, Kitchen, LocalRows } from '../../../shared/rpc.ts';
import type { AccountFailure } from '../../account.ts';

const TRIES_MAX = 6;
const WAIT_MS_MAX = 10_000;

export async function attachKitchen(
  kitchen: Pick<Kitchen, 'attach'>,
  account: Account,
  localRows: LocalRows,
  wait: (ms: number) => Promise<void>,
): Promise<Result<'together' | 'apart', AccountFailure>> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const outcome: AttachOutcome = await kitchen.attach(account, localRows);
    switch (outcome.type) {
      case 'attached':
        return ok('together');
      case 'attached-apart':
        return ok('apart');
      case 'unreachable':
        return err({ type: 'unreachable' });
      case 'refused':
        return err({ type: 'refused', detail: outcome.code });
      case 'retry-later':
        await wait(Math.min(WAIT_MS_MAX, outcome.seconds * 1000));
    }
  }
  return err({ type: 'unreachable' });
}
