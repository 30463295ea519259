// The resolution hook of modules.mjs: what Node does not find is looked for in the build tree.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const beside = pathToFileURL(path.join(path.dirname(process.env.WEBINFER_NODE_MODULES), 'x.mjs'));

export async function resolve(specifier, context, next) {
    try {
        return await next(specifier, context);
    } catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND' || /^[./]|^[a-z]+:/.test(specifier))
            throw error;
        return next(specifier, { ...context, parentURL: beside.href }).catch(() => {
            throw error; // it names the file that asked
        });
    }
}
