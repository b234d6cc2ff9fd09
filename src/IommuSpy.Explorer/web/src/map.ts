// Physical memory on a Hilbert curve, a cell a page: tiles of 256 by 256 cells from the server, as coarse as the zoom asks for.

import { ask, mapInfo, tile, type Kind, type MapInfo, type Page, type Row } from './api';
import { h, hex, report, size, swatch } from './dom';
import { index, place } from './hilbert';
import { explain, inText, value } from './links';

const SIDE = 256;
const MOST_TILES = 160;
const MOST_SCALE = 48;
const FAINT = 36;

interface Drawn { uses: HTMLCanvasElement; reach: HTMLCanvasElement; kinds: Uint8Array; rights: Uint8Array; cells: Uint32Array }

let leaving: (() => void) | undefined;

export function leave(): void {
  leaving?.();
  leaving = undefined;
}

// Uses of memory with their sizes, as the table memory has them.
export async function legend(): Promise<HTMLElement> {
  const info = await mapInfo();
  const page = await ask<Page>('table/memory', { columns: 'kind,bytes', limit: '1000' });
  const groups = new Map<string, { words: string; bytes: number }>();
  for (const row of page.rows) {
    const kind = info.kinds.find(one => one.kind === row.kind)!;
    const group = groups.get(kind.group) ?? { words: kind.groupWords, bytes: 0 };
    group.bytes += Number(row.bytes);
    groups.set(kind.group, group);
  }

  const all = [...groups.values()].reduce((sum, group) => sum + group.bytes, 0);
  return h('table', { class: 'legend' }, h('tbody', {}, [...groups].sort(([, a], [, b]) => b.bytes - a.bytes).map(([group, { words, bytes }]) =>
    h('tr', {}, h('td', {}, swatch(group), words), h('td', { class: 'n' }, size(bytes)),
      h('td', { class: 'n soft' }, `${(100 * bytes / all).toFixed(1)} %`)))));
}

// The colour of each use; what is not of the one that is asked for stays faint.
function colours(kinds: Kind[], only: string): Uint32Array {
  const style = getComputedStyle(document.documentElement);
  return Uint32Array.from(kinds, (kind, i) => {
    const [red, green, blue] = i === 0 ? [0, 0, 0] : rgb(style.getPropertyValue(`--${kind.group}`).trim());
    return i === 0 ? 0 : ((only && kind.kind !== only ? FAINT : 255) << 24 | blue << 16 | green << 8 | red) >>> 0;
  });
}

function rgb(text: string): [number, number, number] {
  const number = parseInt(text.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

export async function show(main: HTMLElement, query: URLSearchParams, signal: AbortSignal): Promise<void> {
  const info = await mapInfo();
  if (signal.aborted) {
    return;
  }

  const canvas = h('canvas', { tabindex: 0, role: 'img',
    'aria-label': 'Physical memory, a cell a page. Arrows move, plus and minus zoom, Enter explains the page in the middle.' });
  const where = h('div', { class: 'where' }, h('p', { class: 'soft' }, 'Point at a page.'));
  const overlay = h('select', { 'aria-label': 'What is shown above the uses' }, h('option', { value: '' }, 'uses alone'),
    h('option', { value: 'write' }, 'what devices can write'), h('option', { value: 'read' }, 'what devices can read'));
  const device = h('select', { 'aria-label': 'Which device' }, h('option', { value: '' }, 'any device'),
    info.devices.map(one => h('option', { value: one.device }, `${one.device} ${one.driver ?? ''}${one.everything ? ' (all memory)' : ''}`)));
  const only = h('select', { 'aria-label': 'Which use' }, h('option', { value: '' }, 'every use'),
    info.kinds.slice(1).map(one => h('option', { value: one.kind }, `${one.words} alone`)));
  only.value = query.get('kind') ?? '';
  overlay.value = query.get('overlay') ?? '';
  device.value = query.get('device') ?? '';
  const uses = h('div', {}, h('p', { class: 'soft' }, 'Reading...'));
  main.replaceChildren(h('div', { class: 'map' }, h('div', { class: 'stage' }, canvas), h('aside', {},
    h('h1', {}, 'Physical map'), h('p', { class: 'controls' }, only, overlay, device), where, uses,
    h('p', { class: 'soft' }, `${size(info.frames * 4096)} of physical addresses along a Hilbert curve: what is near in memory is near here. `
      + 'Wheel or + and - zoom, down to one page of 4 KiB a cell; drag or arrows move; a click explains.'))));
  legend().then(element => uses.replaceChildren(element), error => uses.replaceChildren(report(error)));
  const view = new MapView(canvas, info, where, () => overlay.value, () => device.value, () => only.value);
  overlay.addEventListener('change', () => view.draw());
  device.addEventListener('change', () => view.forget());
  only.addEventListener('change', view.recolour);
  leaving = () => view.leave();
  const frame = query.get('pfn');
  if (frame) {
    view.go(parseInt(frame, 16));
  }
}

class MapView {
  private readonly order: number;
  private readonly palette: Uint32Array;
  private readonly tiles = new Map<string, Drawn | null>();
  private readonly watch: ResizeObserver;
  private readonly scheme = matchMedia('(prefers-color-scheme: dark)');
  private cancel = new AbortController();
  private scale = 1;
  private x = 0;
  private y = 0;
  private marked: [number, number] | undefined;
  private asked = 0;
  private pending = 0;
  private moved = false;

  constructor(private readonly canvas: HTMLCanvasElement, private readonly info: MapInfo, private readonly where: HTMLElement,
    private readonly overlay: () => string, private readonly device: () => string,
    private readonly only: () => string) {
    this.order = Math.max(8, Math.ceil(Math.log2(Math.max(1, info.frames)) / 2));
    this.palette = colours(info.kinds, only());
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(canvas.parentElement!);
    this.scheme.addEventListener('change', this.recolour);
    canvas.addEventListener('wheel', event => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
    }, { passive: false });
    let drag: { x: number; y: number; moved: boolean } | undefined;
    canvas.addEventListener('pointerdown', event => {
      drag = { x: event.offsetX, y: event.offsetY, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', event => {
      if (drag && Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) > 3) {
        this.moved = true;
        this.x -= (event.offsetX - drag.x) / this.scale;
        this.y -= (event.offsetY - drag.y) / this.scale;
        drag = { x: event.offsetX, y: event.offsetY, moved: true };
        this.draw();
      } else if (!drag) {
        this.point(event.offsetX, event.offsetY);
      }
    });
    canvas.addEventListener('pointerup', event => {
      const frame = this.frameAt(event.offsetX, event.offsetY);
      if (drag && !drag.moved && frame !== undefined) {
        location.hash = explain(`pfn:${hex(frame)}`);
      }

      drag = undefined;
    });
    canvas.addEventListener('keydown', event => this.key(event));
  }

  leave(): void {
    this.watch.disconnect();
    this.scheme.removeEventListener('change', this.recolour);
    this.cancel.abort();
  }

  // Another device: its rights are other tiles.
  forget(): void {
    this.cancel.abort();
    this.cancel = new AbortController();
    this.tiles.clear();
    this.draw();
  }

  // Brings a page frame into the middle, a cell of 24 pixels.
  go(frame: number): void {
    this.resize();
    this.moved = true;
    const [x, y] = place(this.order, frame);
    this.scale = 24;
    this.x = x + 0.5 - this.width / 2 / this.scale;
    this.y = y + 0.5 - this.height / 2 / this.scale;
    this.marked = [x, y];
    void this.tell(frame);
    this.draw();
  }

  draw(): void {
    if (this.pending === 0) {
      this.pending = requestAnimationFrame(() => {
        this.pending = 0;
        this.paint();
      });
    }
  }

  readonly recolour = (): void => {
    this.palette.set(colours(this.info.kinds, this.only()));
    this.forget();
  };

  private get width(): number { return this.canvas.clientWidth; }

  private get height(): number { return this.canvas.clientHeight; }

  private resize(): void {
    const ratio = devicePixelRatio;
    this.canvas.width = Math.max(1, Math.round(this.width * ratio));
    this.canvas.height = Math.max(1, Math.round(this.height * ratio));
    if (!this.moved && this.width > 0) {
      // Memory that fills the first half of the curve fills the left half of the square.
      const side = 2 ** this.order;
      const wide = this.info.frames <= side * side / 4 ? side / 2 : this.info.frames <= side * side / 2 ? side / 2 : side;
      const high = this.info.frames <= side * side / 4 ? side / 2 : side;
      this.scale = Math.min(this.width / wide, this.height / high);
      this.x = (wide - this.width / this.scale) / 2;
      this.y = (high - this.height / this.scale) / 2;
    }

    this.draw();
  }

  private zoom(by: number, atX: number, atY: number): void {
    this.moved = true;
    const side = 2 ** this.order;
    const scale = Math.min(MOST_SCALE, Math.max(Math.min(this.width, this.height) / side / 2, this.scale * by));
    this.x += atX / this.scale - atX / scale;
    this.y += atY / this.scale - atY / scale;
    this.scale = scale;
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const step = 64 / this.scale;
    const moves: Record<string, [number, number]> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (move) {
      this.moved = true;
      this.x += move[0];
      this.y += move[1];
    } else if (event.key === '+' || event.key === '=') {
      this.zoom(1.5, this.width / 2, this.height / 2);
    } else if (event.key === '-') {
      this.zoom(1 / 1.5, this.width / 2, this.height / 2);
    } else if (event.key === 'Enter') {
      const frame = this.frameAt(this.width / 2, this.height / 2);
      if (frame !== undefined) {
        location.hash = explain(`pfn:${hex(frame)}`);
      }
    } else {
      return;
    }

    event.preventDefault();
    this.point(this.width / 2, this.height / 2);
    this.draw();
  }

  private frameAt(atX: number, atY: number): number | undefined {
    const x = Math.floor(this.x + atX / this.scale);
    const y = Math.floor(this.y + atY / this.scale);
    const side = 2 ** this.order;
    const frame = x < 0 || y < 0 || x >= side || y >= side ? Infinity : index(this.order, x, y);
    return frame < this.info.frames ? frame : undefined;
  }

  private point(atX: number, atY: number): void {
    const frame = this.frameAt(atX, atY);
    if (frame !== undefined) {
      const asked = ++this.asked;
      setTimeout(() => asked === this.asked && void this.tell(frame), 60);
    }
  }

  // What `page` says, and who reaches it.
  private async tell(frame: number): Promise<void> {
    const asked = ++this.asked;
    const at = `pfn:${hex(frame)}`;
    const answer = await ask<{ answers: Row[] }>('report/page', { at }, this.cancel.signal).catch(error => error as Error);
    if (asked !== this.asked) {
      return;
    }

    if (answer instanceof Error) {
      this.where.replaceChildren(report(answer));
      return;
    }

    const page = answer.answers[0];
    const words = this.info.kinds.find(one => one.kind === page.kind);
    this.where.replaceChildren(h('h2', {}, h('a', { href: explain(at), class: 'mono' }, `${page.physical}`)), h('dl', { class: 'fields' },
      h('div', {}, h('dt', {}, 'pfn'), h('dd', { class: 'mono' }, `${page.pfn}`)),
      h('div', {}, h('dt', {}, 'used for'), h('dd', {}, words && swatch(words.group), words?.words ?? `${page.kind}`)),
      page.owner ? h('div', {}, h('dt', {}, 'whose'), h('dd', {}, inText(`${page.owner}`))) : null,
      h('div', {}, h('dt', {}, 'counts'), h('dd', {}, `${page.references} references, ${page.mappings} mappings`)),
      Array.isArray(page.flags) && page.flags.length > 0 ? h('div', {}, h('dt', {}, 'flags'), h('dd', {}, page.flags.join(' '))) : null,
      h('div', {}, h('dt', {}, 'struct page'), h('dd', {}, value('virtual', page.structPage)))));
  }

  private paint(): void {
    const context = this.canvas.getContext('2d')!;
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = false;

    // So coarse that a cell is a pixel or more.
    const coarse = Math.min(this.order - 8, Math.max(0, Math.floor(-Math.log2(this.scale * ratio))));
    const reach = 2 ** coarse * SIDE;
    const last = Math.ceil(2 ** this.order / reach) - 1;
    const wanted = (from: number, length: number): [number, number] =>
      [Math.max(0, Math.floor(from / reach)), Math.min(last, Math.floor((from + length) / reach))];
    const [left, right] = wanted(this.x, this.width / this.scale);
    const [top, bottom] = wanted(this.y, this.height / this.scale);
    const overlay = this.overlay();
    for (let ty = top; ty <= bottom; ty++) {
      for (let tx = left; tx <= right; tx++) {
        const number = index(this.order - 8 - coarse, tx, ty);
        const first = number * reach * reach;
        if (first >= this.info.frames) {
          continue;
        }

        const drawn = this.tile(coarse, number, first);
        if (drawn) {
          const to: [number, number, number, number] =
            [(tx * reach - this.x) * this.scale, (ty * reach - this.y) * this.scale, reach * this.scale, reach * this.scale];
          context.globalAlpha = overlay ? 0.3 : 1;
          context.drawImage(drawn.uses, ...to);
          context.globalAlpha = 1;
          if (overlay) {
            this.mark(drawn, overlay);
            context.drawImage(drawn.reach, ...to);
          }
        }
      }
    }

    if (this.marked) {
      context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--ink');
      context.lineWidth = 2;
      context.strokeRect((this.marked[0] - this.x) * this.scale, (this.marked[1] - this.y) * this.scale, this.scale, this.scale);
    }
  }

  private mark(drawn: Drawn, overlay: string): void {
    const bit = overlay === 'write' ? 2 : 1;
    const context = drawn.reach.getContext('2d')!;
    const image = context.createImageData(SIDE, SIDE);
    const pixels = new Uint32Array(image.data.buffer);
    const [red, green, blue] = rgb(getComputedStyle(document.documentElement).getPropertyValue('--reach').trim());
    const colour = (255 << 24 | blue << 16 | green << 8 | red) >>> 0;
    drawn.rights.forEach((rights, cell) => {
      if (rights & bit) {
        pixels[drawn.cells[cell]] = colour;
      }
    });
    context.putImageData(image, 0, 0);
  }

  private tile(coarse: number, number: number, first: number): Drawn | null {
    const key = `${coarse}/${number}`;
    const known = this.tiles.get(key);
    if (known !== undefined) {
      return known;
    }

    this.tiles.set(key, null);
    const { signal } = this.cancel;
    tile(first, 2 * coarse, SIDE * SIDE, this.device(), signal).then(bytes => {
      const drawn = this.make(coarse, number, bytes);
      this.tiles.delete(key);
      this.tiles.set(key, drawn);
      for (const old of this.tiles.keys()) {
        if (this.tiles.size <= MOST_TILES) {
          break;
        }

        this.tiles.delete(old);
      }

      this.draw();
    }, error => {
      this.tiles.delete(key);
      if (!signal.aborted) {
        this.where.replaceChildren(report(error));
      }
    });
    return null;
  }

  private make(coarse: number, number: number, bytes: Uint8Array): Drawn {
    const kinds = bytes.subarray(0, SIDE * SIDE);
    const canvas = (): HTMLCanvasElement => h('canvas', { width: SIDE, height: SIDE });
    const drawn: Drawn = { uses: canvas(), reach: canvas(), kinds, rights: bytes.subarray(SIDE * SIDE), cells: new Uint32Array(SIDE * SIDE) };
    const context = drawn.uses.getContext('2d')!;
    const image = context.createImageData(SIDE, SIDE);
    const pixels = new Uint32Array(image.data.buffer);

    // The curve through the tile stands as it does in the whole: places at this coarseness, less the tile's corner.
    for (let cell = 0; cell < SIDE * SIDE; cell++) {
      const [x, y] = place(this.order - coarse, number * SIDE * SIDE + cell);
      drawn.cells[cell] = (y % SIDE) * SIDE + (x % SIDE);
      pixels[drawn.cells[cell]] = this.palette[kinds[cell]];
    }

    context.putImageData(image, 0, 0);
    return drawn;
  }
}
