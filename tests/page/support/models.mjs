/** What a task says of its model. */

/** One of an ONNX graph alone. */
export const onnx = (name, bytes = 10, { url = '/m', hash = 'h', ...more } = {}) =>
    ({ name, hash, engine: 'ort', files: [{ path: 'model.onnx', url, bytes, hash: 'x' }], ...more });

/** One that every node has. */
export const builtin = (name) => ({ name: `builtin/${name}`, hash: '', engine: 'builtin', files: [] });
