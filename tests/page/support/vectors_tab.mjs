/** A tab with the modules of the console's view of vectors as they are, without the console. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const SOURCES = path.resolve(import.meta.dirname, '../../../page/src');

/** The modules as `window.all`, and what is done with them. */
const MODULES = `(async () => {
    const names = ['atlas', 'camera', 'cloud', 'cloud_gl', 'cloud_gpu', 'cloud_plain', 'components', 'kernels', 'learning', 'points', 'reference', 'rows', 'som'];
    const all = Object.assign({}, ...await Promise.all(names.map((name) => import('/console/vectors/' + name + '.js'))), await import('/console/playground/random.js'),
        await import('/engine/kernels_gpu.js'), await import('/engine/kernels_gl.js'), await import('/engine/gpu.js'), await import('/shared/webgl.js'));
    all.rowsOf = (count, dimensions, seed = 1) => {
        const rows = new all.Rows(dimensions), random = all.randomOf(seed);
        rows.add(Float32Array.from({ length: dimensions * count }, (_, i) => (random() - 0.5) * (10 - 8 * (i % dimensions) / dimensions)), [], []);
        return rows;
    };
    all.pointsOf = async (count, seed = 1) => {
        const rows = all.rowsOf(count, 5, seed), points = new all.Points();
        points.place(rows, await all.principalOf(rows, async () => {}), { begin: 0, end: count });
        points.colour((row) => all.cellColour(row % 256, 16), new Set([0, Math.floor(count / 2)]));
        return points;
    };
    all.deviceOf = async () => (await navigator.gpu.requestAdapter()).requestDevice();
    all.glOf = () => new OffscreenCanvas(8, 8).getContext('webgl2', { alpha: false, antialias: false, depth: true });
    window.all = all;
})()`;

/** @param {any} browser @param {string[]} problems gets what goes wrong in the tab */
export async function openVectorsTab(browser, problems) {
    const server = http.createServer((request, response) => {
        const file = path.join(SOURCES, path.normalize(request.url));
        const isFile = file.endsWith('.js') && fs.existsSync(file);
        response.writeHead(200, { 'Content-Type': isFile ? 'text/javascript' : 'text/html' });
        response.end(isFile ? fs.readFileSync(file) : '<!doctype html><link rel="icon" href="data:,"><title>vectors</title>');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { tab, close } = await browser.openTab(problems);
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    await tab.evaluate(MODULES);
    return {
        tab,
        async close() {
            await close();
            server.closeAllConnections();
            server.close();
        },
    };
}
