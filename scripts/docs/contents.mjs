/**
 * The side bar: what a reader wants to do, and the documents for it. Each document of docs/ and of the top folder has a row
 * here, or the build fails. Manuals are listed by themselves: the two for operators under "Operate", all under "Reference".
 */
export const SECTIONS = [
    { title: 'Start', rows: [['README.md', 'What it is'], ['docs/guide.md#start', 'First steps'], ['docs/webinfer-or.md']] },
    { title: 'Use', rows: [['docs/guide.md'], ['docs/families.md'], ['man/webinfer.1', 'The client']] },
    {
        title: 'Operate',
        rows: [['docs/operating.md'], ['man/webinferd.8', 'The daemon'], ['man/webinferd.conf.5', 'The configuration'], ['SECURITY.md']],
    },
    { title: 'Understand', rows: [['docs/architecture.md'], ['docs/threat-model.md'], ['docs/performance.md'], ['docs/gpu.md']] },
    { title: 'Reference', rows: [['man/']] },
    { title: 'Contribute', rows: [['CONTRIBUTING.md'], ['CHANGELOG.md']] },
];

/** The documents that have to be there, by the folder that they are in. */
export const DOCUMENTS = { '.': ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'], docs: /\.md$/ };
