/**
 * Where the tests find things. WEBINFER_BUILD names the build folder (default: build/ in the
 * source tree); WEBINFER_DAEMON another daemon, such as the sanitized one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = path.resolve(process.env.WEBINFER_BUILD ?? path.join(root, 'build'));

/*
 * What tests in tests/system/plain ask, they ask of the daemon as it is shipped, and so does what they start: where all
 * others are run against another one, WEBINFER_SHIPPED names it.
 */
const { WEBINFER_SHIPPED: shipped } = process.env;
if (shipped && path.dirname(process.argv[1] ?? '') === path.join(root, 'tests/system/plain')) {
    process.env.WEBINFER_DAEMON = shipped;
    delete process.env.WEBINFER_SANITIZED;
}
export const daemonPath = path.resolve(
    process.env.WEBINFER_DAEMON ?? path.join(build, 'webinferd'));
export const cliPath = path.resolve(
    process.env.WEBINFER_CLI ?? path.join(path.dirname(daemonPath), 'webinfer'));
export const simulatePath = path.join(path.dirname(daemonPath), 'webinfer-simulate');
/** The built page: beside the daemon or, where that build has none, in the build folder. */
export const builtPage = [path.dirname(daemonPath), build]
    .flatMap((one) => [path.join(one, 'share/webinfer/page'), path.join(one, 'page')])
    .find((one) => fs.existsSync(path.join(one, 'index.html'))) ?? path.join(build, 'page');
export const libFolder = path.join(root, 'tests/lib');

/** Whether this run is against the sanitized daemon, which is slower. */
export const sanitized = process.env.WEBINFER_SANITIZED === '1';

/** Our own small models, in the tree. */
export const ownModels = path.join(root, 'models');

/** Whether the sample model is there: it is trained by a script, and its tests need it. */
export const hasDigits = fs.existsSync(path.join(ownModels, 'digits', 'model.onnx'));
export const skipDigits = hasDigits ? false : 'models/digits is not in this tree';

/** The shared model cases, or null where a checkout has none (then their tests are skipped). */
export const sharedModels = (() => {
    const folder = path.resolve(
        process.env.WEBINFER_CASES ?? path.join(root, '../shared/models'));
    return fs.existsSync(path.join(folder, 'INDEX.md')) ? folder : null;
})();

/** The first of `names` on PATH, or null. */
export function findProgram(...names) {
    for (const name of names)
        for (const folder of (process.env.PATH ?? '').split(':')) {
            const file = path.join(folder, name);
            try {
                fs.accessSync(file, fs.constants.X_OK);
                return file;
            } catch {
                // Not here: the next one.
            }
        }
    return null;
}
