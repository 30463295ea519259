// The floor's page: the two workers that the real page has, and no more.
//   ?port=N[&models=JSON]  where to connect; models to run: [{name, threads, inputs}, …]
const asked = new URLSearchParams(location.search);
const engine = new Worker('floor-engine.mjs', { type: 'module' });
const link = new Worker('floor-link.mjs', { type: 'module' });
const { port1, port2 } = new MessageChannel();
engine.postMessage(JSON.parse(asked.get('models') ?? '[]'), [port1]);
link.postMessage(asked.get('port'), [port2]);
link.onmessage = () => (document.title = 'connected');
