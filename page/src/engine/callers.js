/**
 * The glue of onnxruntime-web's WebNN provider makes the functions that call from WASM into
 * JavaScript out of text, with `new Function`, which the page's content security policy forbids.
 * The texts have one shape, so the same functions can be had without evaluating anything.
 */

/** How the callee is reached: `Object.method(…)`, `new Callee(…)`, `callee(…)`, or no callee at all. */
const CALLEES = new Map([
    ['toValue(handle)[getStringOrSymbol(methodName)]', 'method'],
    ['new (toValue(handle))', 'new'],
    ['toValue(handle)', 'call'],
    ['', 'cast'],
]);
const CALLER = new RegExp('^return function \\(handle, methodName, destructorsRef, args\\) \\{\\s*'
    + '(return emval_returnValue\\(toReturnWire, destructorsRef, )?(.*?)'
    + '\\(((?:argFromPtr\\d+\\(args(?:\\+\\d+)?\\),?)*)\\)\\)?\\s*\\}$');
const ARGUMENT = /(argFromPtr\d+)\(args(?:\+(\d+))?\)/g;

/**
 * The function that `new Function(names, body)` would return for such a text.
 * @param {string | string[]} names of its parameters @param {string} body
 * @returns {(...values: any[]) => (handle: number, method: number, destructors: number, args: number) => any}
 */
export function makeCaller(names, body) {
    const [, returns, callee, list] = CALLER.exec(body) ?? [];
    const kind = CALLEES.get(callee);
    if (!kind) throw new EvalError('only the callers of onnxruntime-web can be made here');
    const parameters = String(names).split(',');
    const args = [...list.matchAll(ARGUMENT)].map(([, name, offset]) => ({ name, offset: Number(offset ?? 0) }));
    return (...values) => {
        const scope = Object.fromEntries(parameters.map((name, i) => [name, values[i]]));
        const readers = args.map(({ name, offset }) => ({ read: scope[name], offset }));
        return (handle, method, destructors, at) => {
            const read = () => readers.map(({ read: reader, offset }) => reader(at + offset));
            const result = call(/** @type {string} */ (kind), scope, handle, method, read);
            return returns ? scope.emval_returnValue(scope.toReturnWire, destructors, result) : undefined;
        };
    };
}

/**
 * @param {string} kind @param {Record<string, any>} scope @param {number} handle @param {number} method
 * @param {() => any[]} read the arguments; after the callee, as in the text
 */
function call(kind, scope, handle, method, read) {
    if (kind === 'cast') return read().at(-1);
    const value = scope.toValue(handle);
    if (kind === 'new') return new value(...read());
    if (kind === 'call') return value(...read());
    const name = scope.getStringOrSymbol(method);
    return value[name](...read());
}

/** Puts `makeCaller` in the place of `new Function` in this worker. */
export function replaceFunction() {
    globalThis.Function = new Proxy(Function, {
        construct: (target, [names, body]) => makeCaller(names, body),
    });
}
