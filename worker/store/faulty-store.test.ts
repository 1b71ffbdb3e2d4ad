import { describe, expect, test } from 'vitest';
import {
  CALL_FAULTS,
  DEATHS,
  driveUntil,
  withCallFault,
  workOn,
} from '../../test/sim/faulty-store.ts';
import type { CallFault, Said } from '../../test/sim/faulty-store.ts';
import { createSimulatedClock, createSimulatedDisk } from '../../test/sim/files-model.ts';
import type { SimulatedDisk } from '../../test/sim/files-model.ts';
import { createRandom } from '../../test/sim/prng.ts';

/** A folder that has had an owner, so that openings find something. */
async function makeFolder(seed: number) {
  const clock = createSimulatedClock();
  const random = createRandom(seed);
  const disk = createSimulatedDisk(clock, random);
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => random(256));
  const live = async (
    fault: CallFault | null,
    callNumber: number,
  ): Promise<{ said: Said; calls: number }> => {
    const handle = disk.open();
    const said: Said = { found: null, outcomes: [] };
    const faulty =
      fault === null ? null : withCallFault(handle.store, callNumber, fault, () => handle.kill());
    const work = workOn(faulty?.store ?? handle.store, { ...clock, ...handle.clock }, said, bytes);
    await driveUntil(clock, work, handle.died);
    disk.crash('kill');
    clock.advance(100_000);
    return { said, calls: faulty?.callCount() ?? 0 };
  };
  await live(null, 0);
  return { disk, live };
}

const count = (said: Said, outcome: Said['outcomes'][number]): number =>
  said.outcomes.filter((other) => other === outcome).length;

const bytesOn = (disk: SimulatedDisk): number =>
  [...disk.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);

describe('one call of the store goes wrong', () => {
  test.each([...CALL_FAULTS, ...DEATHS])(
    '[STORE-315] whichever call %s, what was acknowledged is there and the next owner works',
    async (fault) => {
      let callNumber = 1;
      for (; ; callNumber++) {
        const { disk, live } = await makeFolder(callNumber);
        const { said, calls } = await live(fault, callNumber);
        const { said: next } = await live(null, 0);
        const started = said.found ?? 10;
        const saved = started + count(said, 'saved');
        // One transaction may be on its way when the owner dies, or have an unknown outcome;
        // what was said to be not saved is not there.
        const isOpen = said.outcomes.length < 10 && count(said, 'not-saved') === 0;
        const most = saved + (isOpen ? 1 : 0);
        const found = next.found ?? -1;
        expect({
          callNumber,
          started,
          said,
          found,
          isTrue: found >= saved && found <= most,
        }).toMatchObject({ started: 10, isTrue: true });
        expect(count(next, 'saved')).toBe(10);
        // Nothing piles up, whatever went wrong.
        expect(bytesOn(disk)).toBeLessThan(1024 * 1024 + 500_000);
        if (calls < callNumber) break;
      }
      expect(callNumber, 'the work makes many calls').toBeGreaterThan(40);
    },
    600_000,
  );
});
