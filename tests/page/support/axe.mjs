/** What axe finds in a page. */
import axe from 'axe-core';

/**
 * Whom a page keeps out: the rules that it breaks, each with the elements that do. Sizes of what is pressed are among them.
 * @param {any} tab @param {string} [within] a selector, if not the whole page @returns {Promise<string[]>}
 */
export async function keepsOut(tab, within = 'html') {
    if (!await tab.evaluate(() => 'axe' in window)) await tab.evaluate(axe.source);
    // Of rules that are kept no elements are gathered, which takes as long as looking at them.
    const options = { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] };
    const { violations } = await tab.evaluate(([root, given]) => window.axe.run(root, given), [within, options]);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' ')}`);
}
