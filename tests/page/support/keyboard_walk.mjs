/** A walk through a view of the console by Tab alone, in any browser. */

/** Views in which everything stands that there is to press, type or scroll. */
export const WALKED = ['now', 'models', 'models/org/chat', 'try', 'try/org/chat', 'nodes', 'results', 'results/run-3?before=run-2', 'results?history=digits', 'logs', 'nowhere'];
const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';

/** From the page's beginning until all was seen. @param {any} tab
 * @returns {Promise<[string[], string[]]>} what was not reached, and where focus was not seen */
export async function walk(tab) {
    const count = await tab.evaluate((controls) => {
        window.wanted = new Set([...document.querySelectorAll(controls)].filter((one) => one.checkVisibility() && !one.disabled));
        window.unseen = [];
        document.body.tabIndex = -1;
        document.body.focus();
        document.body.removeAttribute('tabindex');
        return window.wanted.size;
    }, CONTROLS);
    for (let most = count + 20; most > 0; most--) {
        await tab.keyboard.press('Tab');
        const isOver = await tab.evaluate(async () => {
            const one = document.activeElement;
            if (one === document.body) return false;
            const place = () => one.getBoundingClientRect(), isInSight = () => place().bottom >= 0 && place().top <= innerHeight;
            let wasSeen = isInSight(); // figures that come later may push it on
            for (let i = 0; i < 2 || (!wasSeen && i < 60); i++) {
                await new Promise(requestAnimationFrame); // until what has come into sight has its height
                wasSeen ||= isInSight();
            }
            const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one);
            if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2 || outlineColor === 'rgba(0, 0, 0, 0)' || !wasSeen) window.unseen.push(`${one.outerHTML.slice(0, 120)} at ${place().top} px`);
            window.wanted.delete(one);
            return window.wanted.size === 0;
        });
        if (isOver) break;
    }
    return tab.evaluate(() => [[...window.wanted].filter((one) => one.isConnected).map((one) => one.outerHTML.slice(0, 120)), window.unseen]);
}
