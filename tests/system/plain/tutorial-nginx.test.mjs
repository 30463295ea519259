// tier: full
/** docs/tutorials/nginx.md, as it is printed; nginx is the one that `./dev test` unpacks, or the system's. */
import path from 'node:path';
import { build } from '../../lib/paths.mjs';
import { tutorialTests } from '../../lib/tutorial.mjs';

tutorialTests('nginx', { env: { PATH: `${path.join(build, 'tools/bin')}:${process.env.PATH}` } });
