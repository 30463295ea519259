// Preloaded with --import: lets the scripts of this project import npm packages that lie in the
// build tree (WEBINFER_NODE_MODULES), so that none has to lie in the source tree.
import { register } from 'node:module';

if (process.env.WEBINFER_NODE_MODULES)
    register('./resolve.mjs', import.meta.url);

// onnxruntime for Node.js tells its maker of each session, unless its environment forbids it.
process.env.ORT_DISABLE_TELEMETRY = '1';
