// tier: full
/** docs/tutorials/ten-machines.md, as it is printed, on three machines. */
import { tutorialTests } from '../../lib/tutorial.mjs';

tutorialTests('ten-machines', { machines: ['192.168.7.1', '192.168.7.2', '192.168.7.3'] });
