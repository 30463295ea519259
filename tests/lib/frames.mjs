/**
 * The node protocol's frames, written a second time from webinfer-protocol(7) alone, so that the
 * page and the daemon are checked against the document and not against each other.
 */
const align = (size) => Math.ceil(size / 8) * 8;

/** @param {object} message @param {{name, datatype, shape, bytes}[]} tensors */
export function encode(message, tensors = []) {
    if (!tensors.length) return JSON.stringify(message);
    let offset = 0;
    const list = tensors.map(({ name, datatype, shape, bytes }) => {
        const entry = { name, datatype, shape, offset, byte_length: bytes.length };
        offset = align(offset + bytes.length);
        return entry;
    });
    const json = Buffer.from(JSON.stringify(
        { ...message, data: { ...message.data, tensors: list } }));
    const start = align(4 + json.length);
    const end = Math.max(...list.map((entry) => entry.offset + entry.byte_length));
    const frame = Buffer.alloc(start + end);
    frame.writeUInt32LE(json.length, 0);
    json.copy(frame, 4);
    list.forEach((entry, index) => tensors[index].bytes.copy(frame, start + entry.offset));
    return frame;
}

/** @param {string | Buffer} frame */
export function decode(frame) {
    if (typeof frame === 'string') return { message: JSON.parse(frame), tensors: [] };
    const size = frame.readUInt32LE(0);
    const message = JSON.parse(frame.subarray(4, 4 + size).toString());
    const start = align(4 + size);
    const tensors = message.data.tensors.map((entry) => ({
        ...entry,
        bytes: frame.subarray(start + entry.offset, start + entry.offset + entry.byte_length),
    }));
    return { message, tensors };
}
