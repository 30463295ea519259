// Draws one digit's outline as a 28 × 28 coverage picture: an affine map of the outline, a scanline
// fill by the non-zero rule on a four times finer grid, strokes made thicker or thinner there, then
// the mean of each 4 × 4 block. Plain arithmetic, so the same on every machine.

export const SIZE = 28;
const FINE = 4;
const GRID = SIZE * FINE;
const CURVE_STEPS = 6;

/**
 * How a digit is laid into the picture; lengths in pixels, angle in radians.
 * @typedef {{ height: number, aspect: number, angle: number, shear: number, dx: number, dy: number,
 *             thickness: number }} Pose
 */

/** @param {import('./random.mjs').Random} random @returns {Pose} */
export function randomPose(random) {
    return {
        height: random.between(15, 24),
        aspect: random.between(0.8, 1.2),
        angle: random.between(-0.2, 0.2),
        shear: random.between(-0.15, 0.15),
        dx: random.between(-2, 2),
        dy: random.between(-2, 2),
        thickness: random.between(-0.35, 0.6),
    };
}

/** The map from font units to the fine grid. @param {any} box @param {Pose} pose */
function makeMap(box, pose) {
    const width = Math.max(1, box.x2 - box.x1);
    const height = Math.max(1, box.y2 - box.y1);
    // A wide digit is bounded by its width, so that none leaves the picture by its size alone.
    const scale = Math.min(pose.height / height, (pose.height * 1.05) / (width * pose.aspect)) * FINE;
    const [cx, cy] = [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
    const [cos, sin] = [Math.cos(pose.angle), Math.sin(pose.angle)];
    return (/** @type {number} */ x, /** @type {number} */ y) => {
        const u = (x - cx) * scale * pose.aspect + (y - cy) * scale * pose.shear;
        const v = -(y - cy) * scale;
        return [
            u * cos - v * sin + (SIZE / 2 + pose.dx) * FINE,
            u * sin + v * cos + (SIZE / 2 + pose.dy) * FINE,
        ];
    };
}

/**
 * The outline as directed line segments [x0, y0, x1, y1] on the fine grid.
 * @param {any[]} commands @param {(x: number, y: number) => number[]} map
 */
function flatten(commands, map) {
    /** @type {number[][]} */
    const segments = [];
    let [x, y, startX, startY] = [0, 0, 0, 0];
    const lineTo = (/** @type {number} */ nextX, /** @type {number} */ nextY) => {
        segments.push([...map(x, y), ...map(nextX, nextY)]);
        [x, y] = [nextX, nextY];
    };
    for (const c of commands) {
        const [x0, y0] = [x, y];
        if (c.type === 'M') {
            [x, y, startX, startY] = [c.x, c.y, c.x, c.y];
        } else if (c.type === 'L') {
            lineTo(c.x, c.y);
        } else if (c.type === 'Z') {
            lineTo(startX, startY);
        } else {
            // A quadratic curve is the cubic with its control point at two thirds of the way.
            const quadratic = c.type === 'Q';
            const ax = quadratic ? x0 + ((c.x1 - x0) * 2) / 3 : c.x1;
            const ay = quadratic ? y0 + ((c.y1 - y0) * 2) / 3 : c.y1;
            const bx = quadratic ? c.x + ((c.x1 - c.x) * 2) / 3 : c.x2;
            const by = quadratic ? c.y + ((c.y1 - c.y) * 2) / 3 : c.y2;
            for (let i = 1; i <= CURVE_STEPS; i++) {
                const t = i / CURVE_STEPS;
                const s = 1 - t;
                lineTo(
                    s * s * s * x0 + 3 * s * s * t * ax + 3 * s * t * t * bx + t * t * t * c.x,
                    s * s * s * y0 + 3 * s * s * t * ay + 3 * s * t * t * by + t * t * t * c.y,
                );
            }
        }
    }
    return segments;
}

/** @param {number[][]} segments @returns {Uint8Array} 1 inside, by the non-zero rule */
function fill(segments) {
    const grid = new Uint8Array(GRID * GRID);
    for (let row = 0; row < GRID; row++) {
        const at = row + 0.5;
        /** @type {{ x: number, turn: number }[]} */
        const crossings = [];
        for (const segment of segments) {
            const y0 = segment[1];
            const y1 = segment[3];
            if (y0 <= at === y1 <= at)
                continue;
            const x0 = segment[0];
            const x1 = segment[2];
            crossings.push({ x: x0 + ((at - y0) * (x1 - x0)) / (y1 - y0), turn: y1 > y0 ? 1 : -1 });
        }
        crossings.sort((a, b) => a.x - b.x);
        let winding = 0;
        for (let i = 0; i + 1 < crossings.length; i++) {
            winding += crossings[i].turn;
            if (winding === 0)
                continue;
            const from = Math.max(0, Math.ceil(crossings[i].x - 0.5));
            const to = Math.min(GRID, Math.ceil(crossings[i + 1].x - 0.5));
            if (from < to)
                grid.fill(1, row * GRID + from, row * GRID + to);
        }
    }
    return grid;
}

/**
 * Grows (radius > 0) or shrinks (radius < 0) the inside by a disc; the radius is in fine cells.
 * @param {Uint8Array} grid @param {number} radius
 */
function thicken(grid, radius) {
    const reach = Math.floor(Math.abs(radius));
    if (reach === 0)
        return grid;
    const grow = radius > 0 ? 1 : 0;
    const out = grid.slice();
    for (let y = 0; y < GRID; y++) {
        for (let x = 0; x < GRID; x++) {
            if (grid[y * GRID + x] !== grow)
                continue;
            for (let dy = -reach; dy <= reach; dy++) {
                for (let dx = -reach; dx <= reach; dx++) {
                    const u = x + dx;
                    const v = y + dy;
                    if (dx * dx + dy * dy <= radius * radius && u >= 0 && v >= 0 && u < GRID && v < GRID)
                        out[v * GRID + u] = grow;
                }
            }
        }
    }
    return out;
}

/**
 * @param {import('./fonts.mjs').Face} face @param {number} digit @param {Pose} pose
 * @returns {Float64Array} SIZE × SIZE coverages from 0 to 1
 */
export function renderDigit(face, digit, pose) {
    const { commands, box } = face.digits[digit];
    const grid = thicken(fill(flatten(commands, makeMap(box, pose))), pose.thickness * FINE);
    const picture = new Float64Array(SIZE * SIZE);
    for (let y = 0; y < GRID; y++) {
        for (let x = 0; x < GRID; x++)
            picture[Math.floor(y / FINE) * SIZE + Math.floor(x / FINE)] += grid[y * GRID + x] / FINE ** 2;
    }
    return picture;
}
