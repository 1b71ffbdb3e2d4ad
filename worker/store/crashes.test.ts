import { testCrashes } from '../../test/sim/crashes.ts';

testCrashes(1, 13);
