/** The pages of the bench, and what they load, on a port of this machine. */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { build, root } from '../lib/paths.mjs';

/** Where npm's packages lie if nobody says it: in a checkout, and in a pack of ./dev bench gpu. */
const PLACES = ['tests/node_modules', 'node_modules'].map((one) => path.join(root, one));
const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/**
 * Serves tests/bench/page, the engines' files under /ort/, /litert/, /transformers/ and /llama/ (the
 * package that the page was built with), and models under /models/.
 */
export async function serve(modelFolders) {
    const packages = process.env.WEBINFER_NODE_MODULES ?? PLACES.find((one) => fs.existsSync(one)) ?? PLACES[0];
    const ort = path.join(packages, 'onnxruntime-web/dist');
    const find = (where) => {
        const [, first, ...rest] = path.posix.normalize(where).split('/');
        if (first === 'ort') return path.join(ort, ...rest);
        if (first === 'litert') return path.join(packages, '@litertjs', ...rest);
        if (first === 'transformers') return path.join(packages, '@huggingface/transformers', ...rest);
        if (first === 'llama') return path.join(build, 'node/page/node_modules/@wllama/wllama', ...rest);
        if (first !== 'models') return path.join(root, 'tests/bench/page', first, ...rest);
        return modelFolders.map((one) => path.join(one, ...rest))
            .find((one) => fs.existsSync(one)) ?? '';
    };
    const server = http.createServer((call, answer) => {
        const file = find(new URL(call.url, 'http://x').pathname);
        const head = {
            'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
            'Cross-Origin-Opener-Policy': 'same-origin',
            'Cross-Origin-Embedder-Policy': 'require-corp',
        };
        fs.readFile(file, (error, bytes) => {
            answer.writeHead(error ? 404 : 200, head);
            answer.end(bytes);
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
