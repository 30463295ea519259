/**
 * Where the tests find things. WEBINFER_BUILD names the build folder (default: build/ in the
 * source tree); WEBINFER_DAEMON another daemon, such as the sanitized one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { declaredIn, isFull } from './tier.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = path.resolve(process.env.WEBINFER_BUILD ?? path.join(root, 'build'));

/*
 * Where tests are run against a sanitized daemon, WEBINFER_SHIPPED names the one that is shipped. That one is what
 * tests/system/plain asks in every tier, and in the quick tier each file that does not say "sanitized".
 */
const { WEBINFER_SHIPPED: shipped } = process.env;
const asker = path.relative(path.join(root, 'tests/system'), process.argv[1] ?? '');
const asksShipped = () => asker.startsWith('plain/') || (!isFull && !declaredIn(process.argv[1]).sanitized);
if (shipped && /^(plain\/)?[\w-]+\.test\.mjs$/.test(asker) && asksShipped()) {
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
