/** Draws the icons of the installed page: a white w on a blue square. */
import zlib from 'node:zlib';

const BLUE = [0x1f, 0x5f, 0xa8];
const WHITE = [0xff, 0xff, 0xff];
/** The corners of the w, as shares of the square's side. */
const STROKES = [[0.22, 0.32], [0.36, 0.68], [0.5, 0.42], [0.64, 0.68], [0.78, 0.32]];
const HALF_WIDTH = 0.045;
/** The radius of the square's corners. A maskable icon has none, because its system cuts it, and has its sign in the middle. */
const RADIUS = 0.18;
const MASKED = 0.72;

/** @param {number} size in pixels @param {boolean} isMaskable @returns {Buffer} a PNG */
export function icon(size, isMaskable) {
    const rows = Buffer.alloc(size * (1 + 4 * size)), scale = isMaskable ? MASKED : 1;
    for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
            const [u, v] = [(x + 0.5) / size, (y + 0.5) / size];
            const inside = isMaskable ? 1 : covered(-cornerDistance(u, v), size);
            const sign = covered(HALF_WIDTH - strokeDistance((u - 0.5) / scale + 0.5, (v - 0.5) / scale + 0.5), size * scale);
            const at = y * (1 + 4 * size) + 1 + 4 * x;
            BLUE.forEach((blue, i) => { rows[at + i] = Math.round(blue + (WHITE[i] - blue) * sign); });
            rows[at + 3] = Math.round(255 * inside);
        }
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(size, 0);
    head.writeUInt32BE(size, 4);
    head.set([8, 6, 0, 0, 0], 8); // 8 bits, with opacity
    return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
}

/** How much of a pixel is covered whose middle is that far inside. */
const covered = (distance, size) => Math.min(1, Math.max(0, distance * size + 0.5));

/** From the square with round corners; negative inside. */
function cornerDistance(u, v) {
    const [x, y] = [u, v].map((one) => Math.abs(one - 0.5) - 0.5 + RADIUS);
    return Math.min(Math.max(x, y), 0) + Math.hypot(Math.max(x, 0), Math.max(y, 0)) - RADIUS;
}

function strokeDistance(u, v) {
    return Math.min(...STROKES.slice(1).map(([bx, by], i) => {
        const [ax, ay] = STROKES[i], [dx, dy] = [bx - ax, by - ay];
        const t = Math.min(1, Math.max(0, ((u - ax) * dx + (v - ay) * dy) / (dx * dx + dy * dy)));
        return Math.hypot(u - ax - t * dx, v - ay - t * dy);
    }));
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]), out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), out.length - 4);
    return out;
}

/** @param {Buffer} bytes */
function crc32(bytes) {
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc >>> 0;
}
