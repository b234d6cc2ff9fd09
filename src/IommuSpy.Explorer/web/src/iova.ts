// The addresses that a device can use, as a band: what is mapped as wide as its size on a logarithmic scale, and the gaps between in one narrow width.

import { ask } from './api';
import { h, report, size } from './dom';
import { explain, value } from './links';
import { weight } from './scale';

interface Stretch { iova: string; end: string; bytes: number; runs: number; rights: string }

interface Space { requester: string; pasid: number | null; domain: number; root: string; mappedBytes: number; whole: boolean; stretches: Stretch[] }

interface Bands { device: string; spaces: Space[]; more: boolean }

function band(space: Space): HTMLElement {
  const requester = space.pasid === null ? space.requester : `${space.requester}:0x${space.pasid.toString(16)}`;
  const told = h('p', { class: 'told soft' });
  const overview = (): void => told.replaceChildren(size(space.mappedBytes), ' mapped, from ', h('span', { class: 'mono' }, space.stretches[0].iova), ' to ',
    h('span', { class: 'mono' }, space.stretches[space.stretches.length - 1].end));
  const line = h('div', { class: 'band', role: 'group', 'aria-label': `Addresses of ${requester}`, pointerleave: overview, focusout: overview });
  space.stretches.forEach((its, i) => {
    const extent = Number(BigInt(its.end) - BigInt(its.iova));
    if (i > 0) {
      const gap = Number(BigInt(its.iova) - BigInt(space.stretches[i - 1].end));
      const between = h('span', { class: gap > 0 ? 'gap' : 'seam', title: gap > 0 ? `${size(gap)} not mapped` : undefined });
      between.style.flexBasis = gap > 0 ? `min(9px, ${30 / space.stretches.length}%)` : '1px';
      line.append(between);
    }

    const tell = (): void => told.replaceChildren(h('b', { class: 'mono' }, `${its.iova} to ${its.end}`), ` ${its.rights}, ${size(its.bytes)} mapped`,
      its.bytes < extent ? ` of ${size(extent)}, in ${its.runs} runs` : its.runs > 1 ? ` in ${its.runs} runs` : '');
    const piece = h('a', {
      class: its.rights.includes('w') ? 'writes' : 'reads', href: explain(its.iova, { device: requester }), pointerenter: tell, focus: tell,
      'aria-label': `${its.iova}, ${size(its.bytes)}, ${its.rights}`,
    }, h('span', {}, size(its.bytes)));
    piece.style.flexGrow = `${weight(extent)}`;
    line.append(piece);
  });
  if (space.stretches.length > 0) {
    overview();
  } else {
    told.append('nothing is mapped');
  }

  return h('div', { class: 'iova' }, h('p', { class: 'soft' }, space.pasid === null ? '' : `PASID 0x${space.pasid.toString(16)}: `, 'tables at ',
    value('root', space.root)), space.stretches.length > 0 && line, told,
  !space.whole && h('p', { class: 'warn' }, 'Tables are missing from the image, or there are too many of them: more may be mapped.'));
}

export async function bands(device: string, signal: AbortSignal): Promise<HTMLElement> {
  try {
    const answer = await ask<Bands>('iova', { device }, signal);
    return h('div', {}, answer.spaces.map(band), answer.more && h('p', { class: 'soft' }, `The first ${answer.spaces.length} sets of tables are shown.`));
  } catch (error) {
    return report(error);
  }
}
