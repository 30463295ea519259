/** Pictures made here, byte by byte: PNGs with a seven on them, and broken ones. */
import zlib from 'node:zlib';

function chunk(type, content) {
    const body = Buffer.concat([Buffer.from(type), content]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(content.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), out.length - 4);
    return out;
}

function crc(bytes) {
    let value = 0xffffffff;
    for (const byte of bytes) {
        value ^= byte;
        for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
    }
    return (value ^ 0xffffffff) >>> 0;
}

/** A PNG, of greys or of colours: `pixel(x, y)` gives 0–255, or three of them. */
export function png(width, height, pixel) {
    const colours = typeof pixel(0, 0) === 'number' ? 1 : 3;
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head[8] = 8;
    head[9] = colours === 1 ? 0 : 2;
    const stride = colours * width + 1;
    const rows = Buffer.alloc(stride * height);
    for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
            const value = pixel(x, y);
            rows.set(colours === 1 ? [value] : value, y * stride + 1 + colours * x);
        }
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head),
        chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** Distance from a point to a line piece, for strokes. */
function distance(x, y, [x1, y1, x2, y2]) {
    const dx = x2 - x1, dy = y2 - y1;
    const along = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
    return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}

/** Dark strokes on white, `size` pixels square, coordinates in 0–28. */
export function strokes(lines, size = 56) {
    const scale = 28 / size;
    return png(size, size, (x, y) => {
        const near = Math.min(...lines.map((line) =>
            distance((x + 0.5) * scale, (y + 0.5) * scale, line)));
        return Math.round(255 * Math.max(0, Math.min(1, near - 0.9)));
    });
}

export const picture = {
    seven: () => strokes([[9, 6, 19, 6], [19, 6, 12.5, 22]]),
    one: () => strokes([[14, 6, 14, 22], [11, 9, 14, 6]]),
    /** A PNG whose head claims far more pixels than it brings. */
    bomb: () => {
        const bytes = png(1, 1, () => 0);
        bytes.writeUInt32BE(60000, 16);
        bytes.writeUInt32BE(60000, 20);
        const fixed = crc(bytes.subarray(12, 29));
        bytes.writeUInt32BE(fixed, 29);
        return bytes;
    },
};
