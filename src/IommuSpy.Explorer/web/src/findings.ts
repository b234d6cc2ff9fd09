// What devices can do that they should not be able to, as a list to work through: each finding with its evidence, and every place in it a link.

import { ask, type Page, type Row } from './api';
import { h, size } from './dom';
import { inText, value } from './links';

const MOST = 1000;
const OPEN = 6;

function evidence(finding: Row): HTMLElement | null {
  const pieces = (finding.evidence ?? []) as Row[];
  if (pieces.length === 0) {
    return null;
  }

  return h('details', { open: pieces.length <= OPEN }, h('summary', {}, `evidence: ${finding.evidenceCount}`), h('table', {}, h('tbody', {}, pieces.map(piece =>
    h('tr', {}, h('td', {}, piece.physical ? value('physical', piece.physical) : piece.virtual ? value('virtual', piece.virtual) : ''),
      h('td', { class: 'n' }, typeof piece.bytes === 'number' ? size(piece.bytes) : ''), h('td', { class: 'mono' }, `${piece.rights ?? ''}`),
      h('td', {}, piece.iova ? value('iova', piece.iova, finding) : ''), h('td', {}, inText(`${piece.what}`)))))));
}

export async function show(main: HTMLElement, query: URLSearchParams, signal: AbortSignal): Promise<void> {
  const device = query.get('device');
  const rule = query.get('rule');
  const where = [...device ? [`devices=${device}`] : [], ...rule ? [`rule=${rule}`] : []];
  const page = await ask<Page>('table/exposure', { where, limit: `${MOST}` }, signal);
  main.replaceChildren(
    h('h1', {}, 'Findings', h('small', {}, `what devices can do that they should not be able to: ${page.rows.length}${
      rule ? ` of ${rule}` : ''}${device ? `, about ${device}` : ''}`)),
    rule ? h('p', {}, h('a', { href: `#/findings${device ? `?device=${device}` : ''}` }, device ? 'All findings about it' : 'All findings')) : '',
    ...page.problems.map(problem => h('p', { class: 'warn' }, problem)),
    ...page.rows.map(finding => h('article', { class: `finding ${finding.severity}` },
      h('h2', {}, h('span', { class: 'severity' }, `${finding.severity}`), `${finding.title} `, h('span', { class: 'soft mono' }, `${finding.rule}`)),
      h('p', {}, inText(`${finding.message}`)), evidence(finding),
      h('p', {}, h('b', {}, 'What to do: '), `${finding.action} `, h('span', { class: 'soft' }, `More: ${finding.help}`)))),
    page.rows.length === 0 ? h('p', {}, 'Nothing was found.') : '',
    h('p', { class: 'soft mono' }, `iommu-spy exposure${device ? ` --device ${device}` : ''}`));
}
