// tier: full
/** docs/tutorials/pictures.md, as it is printed. */
import { tutorialTests } from '../../lib/tutorial.mjs';

tutorialTests('pictures');
