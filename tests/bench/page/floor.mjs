// The floor's page: the two workers that the real page has, and no more.
const engine = new Worker('floor-engine.mjs', { type: 'module' });
const link = new Worker('floor-link.mjs', { type: 'module' });
const { port1, port2 } = new MessageChannel();
engine.postMessage(null, [port1]);
link.postMessage(new URLSearchParams(location.search).get('port'), [port2]);
link.onmessage = () => (document.title = 'connected');
