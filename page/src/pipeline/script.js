/**
 * The script of tasks: transformers.js, and what is done with it. An engine worker brings it with its first
 * model of tasks (library.js).
 */
import { chat } from '../chat/for_engines.js';

export { checkOptions } from '../engine/options.js';
export * as transformers from '@huggingface/transformers';
export { fetching, Folder } from './folder.js';
export { loadFolder } from './loading.js';
export { taskOf } from './tasks.js';

export const makeChat = () => chat(__TEMPLATE_WORKER__);
