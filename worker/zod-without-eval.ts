/** zod compiles its validators with `new Function`, which the content policy forbids: imported first. */
import { config } from 'zod';

config({ jitless: true });
