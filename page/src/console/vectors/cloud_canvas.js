/** The canvas of the cloud: what draws on it, and how a person turns it by pointer, touch, wheel and keys. */
import { h } from '../draw.js';
import { dragged, hit, keyed, lookOf, zoomed } from './camera.js';
import { drawingOn } from './cloud.js';

/** @import { Camera, Look } from './camera.js' */
/** @import { Drawing, Means } from './cloud.js' */
/** @import { Points } from './points.js' */

/** What the canvas shows and tells: `ready` what draws, once it has drawn, and again when it holds more or fewer bytes.
 * @typedef {{points: Points, camera: Camera, turned: (camera: Camera) => void, chosen: (row: number) => void, ready: (drawing: Drawing) => void,
 * lost: (means: readonly Means[]) => void}} Told */

const MOST_PIXELS = 2048;
/** Half the side of a point of that many, in pixels of the page. */
const HALF = Object.freeze({ few: 2, many: 1, count: 5000 });
/** A pointer that moved less has pointed at something. */
const STILL = 4;
const WHEEL = 0.0015;

/** @param {number} key another one for another canvas @param {readonly Means[]} means that are tried @param {Told} told @param {string} label */
export const cloudCanvas = (key, means, told, label) => h('canvas', { key: `cloud ${key}`, class: 'cloud', role: 'application', tabindex: '0',
    'aria-label': label, 'aria-describedby': 'cloud-keys', data: told, mounted: (/** @type {HTMLCanvasElement} */ canvas) => mounted(canvas, means, told) });

/** @param {HTMLCanvasElement} canvas @param {readonly Means[]} means @param {Told} first */
function mounted(canvas, means, first) {
    let told = first, isWanted = false, shownHeld = -1;
    /** @type {Drawing | null} */
    let drawing = null;
    const draw = () => {
        if (isWanted) return;
        isWanted = true;
        requestAnimationFrame(() => {
            isWanted = false;
            if (drawing && !canvas.isConnected && shownHeld < 0) drawing.stop(); // nobody else has it
            if (drawing && canvas.isConnected && canvas.clientWidth > 0) paint(drawing);
        });
    };
    const paint = (/** @type {Drawing} */ one) => {
        one.draw(told.points, look(canvas, told));
        if (one.held === shownHeld) return;
        shownHeld = one.held;
        told.ready(one);
    };
    const lost = (/** @type {Means} */ one) => told.lost(means.slice(means.indexOf(one) + 1));
    /** @type {Means} */
    let used = means[0];
    void drawingOn(canvas, means, () => lost(used)).then((found) => {
        if (!canvas.isConnected) return found.drawing.stop();
        used = found.means;
        drawing = found.drawing;
        return draw();
    }, () => lost(used));
    new ResizeObserver(draw).observe(canvas);
    listen(canvas, () => told, draw);
    return (/** @type {Record<string, any>} */ props) => {
        told = props.data;
        draw();
    };
}

/** @param {HTMLCanvasElement} canvas @param {Told} told @returns {Look} with the canvas in the size that it has on the screen */
function look(canvas, { points, camera }) {
    const scale = Math.min(devicePixelRatio, MOST_PIXELS / Math.max(canvas.clientWidth, canvas.clientHeight));
    const width = Math.max(1, Math.round(canvas.clientWidth * scale)), height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const half = Math.round(scale * (points.count < HALF.count ? HALF.few : HALF.many));
    return lookOf(camera, points.reach, width, height, half, backOf(canvas));
}

/** @param {HTMLCanvasElement} canvas @returns {number[]} red, green and blue of its ground */
const backOf = (canvas) => (getComputedStyle(canvas).backgroundColor.match(/\d+/g) ?? ['0', '0', '0']).slice(0, 3).map(Number);

/** @param {HTMLCanvasElement} canvas @param {() => Told} told @param {() => void} draw */
function listen(canvas, told, draw) {
    /** Pointers that are down, and where they were last. @type {Map<number, {x: number, y: number}>} */
    const down = new Map();
    let moved = 0;
    const turn = (/** @type {Camera} */ camera) => {
        told().turned(camera);
        draw();
    };
    const apart = () => {
        const [one, other] = [...down.values()];
        return Math.hypot(one.x - other.x, one.y - other.y);
    };
    canvas.addEventListener('pointerdown', (event) => {
        canvas.setPointerCapture(event.pointerId);
        down.set(event.pointerId, { x: event.clientX, y: event.clientY });
        moved = down.size > 1 ? Infinity : 0;
    });
    canvas.addEventListener('pointermove', (event) => {
        const last = down.get(event.pointerId), { camera } = told();
        if (!last) return;
        const x = event.clientX - last.x, y = event.clientY - last.y, before = down.size > 1 ? apart() : 0;
        down.set(event.pointerId, { x: event.clientX, y: event.clientY });
        moved += Math.hypot(x, y);
        if (down.size > 1) turn(zoomed(camera, before > 0 ? apart() / before : 1));
        else if (moved >= STILL) turn(dragged(camera, x, y));
    });
    const up = (/** @type {PointerEvent} */ event) => {
        if (down.delete(event.pointerId) && event.type === 'pointerup' && moved < STILL) choose(event);
    };
    const choose = (/** @type {PointerEvent} */ event) => {
        const seen = look(canvas, told()), { left, top } = canvas.getBoundingClientRect(), scale = seen.width / canvas.clientWidth;
        told().chosen(hit(told().points, seen, (event.clientX - left) * scale, (event.clientY - top) * scale));
    };
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', up);
    canvas.addEventListener('wheel', (event) => {
        event.preventDefault();
        turn(zoomed(told().camera, Math.exp(-event.deltaY * WHEEL)));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
        const camera = event.ctrlKey || event.altKey || event.metaKey ? null : keyed(told().camera, event.key);
        if (!camera) return;
        event.preventDefault();
        turn(camera);
    });
}
