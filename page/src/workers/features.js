/** The worker in which features are tried that need neither the document nor onnxruntime-web. */
import { serveFeatures } from '../features/serve.js';

serveFeatures({ canvas: () => new OffscreenCanvas(2, 1), thread: new URL(__FEATURE_THREAD__, self.location.href).href });
