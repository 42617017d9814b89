// The wall of pictures. Only the cells in view exist, so ten thousand cost no more than fifty.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { say, sayWord } from "./words.js";

const CELL_WIDTH = 176;
const CELL_HEIGHT = 204;
const ROWS_BEYOND = 2;

/**
 * @param {{rows: import("./api.js").Row[], cursor: number, chosen: Set<string>, showAll: boolean,
 *   onCursor: (place: number, event?: MouseEvent) => void, onOpen: (place: number) => void,
 *   onColumns: (columns: number) => void}} props
 */
export function Wall({ rows, cursor, chosen, showAll, onCursor, onOpen, onColumns }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const [view, setView] = useState({ top: 0, width: 1200, height: 800 });
  const columns = Math.max(1, Math.floor(view.width / CELL_WIDTH));
  const lines = Math.ceil(rows.length / columns);

  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (frame.current);
    let waiting = 0;
    const measure = () => {
      waiting = 0;
      setView({
        top: element.scrollTop,
        width: element.clientWidth,
        height: element.clientHeight,
      });
    };
    const soon = () => {
      if (!waiting) waiting = requestAnimationFrame(measure);
    };
    measure();
    element.addEventListener("scroll", soon, { passive: true });
    const observer = new ResizeObserver(soon);
    observer.observe(element);
    return () => {
      element.removeEventListener("scroll", soon);
      observer.disconnect();
      cancelAnimationFrame(waiting);
    };
  }, []);

  useEffect(() => onColumns(columns), [columns]);

  // The cell with the cursor is always in view.
  useLayoutEffect(() => {
    const element = /** @type {HTMLElement} */ (frame.current);
    const top = Math.floor(cursor / columns) * CELL_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + CELL_HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = top + CELL_HEIGHT - element.clientHeight;
  }, [cursor, columns]);

  const first = Math.max(0, Math.floor(view.top / CELL_HEIGHT) - ROWS_BEYOND) * columns;
  const last = Math.min(
    rows.length,
    (Math.ceil((view.top + view.height) / CELL_HEIGHT) + ROWS_BEYOND) * columns,
  );
  const cells = [];
  for (let place = first; place < last; place += 1) {
    cells.push(html`<${Cell} key=${rows[place].id} row=${rows[place]} place=${place}
      columns=${columns} isCursor=${place === cursor} isChosen=${chosen.has(rows[place].id)}
      showAll=${showAll} onCursor=${onCursor} onOpen=${onOpen} />`);
  }
  return html`<main class="wall" ref=${frame} role="listbox" aria-label=${say("wall")}
    aria-multiselectable="true">
    ${rows.length === 0 && html`<p class="empty">${say("nothing")}</p>`}
    <div style=${{ height: `${lines * CELL_HEIGHT}px` }}>${cells}</div>
  </main>`;
}

/** One picture of the wall. */
function Cell({ row, place, columns, isCursor, isChosen, showAll, onCursor, onOpen }) {
  const [isBroken, setBroken] = useState(false);
  const left = (place % columns) * CELL_WIDTH;
  const top = Math.floor(place / columns) * CELL_HEIGHT;
  const isHidden = row.covered && !showAll;
  const name = row.name.slice(row.name.lastIndexOf("/") + 1);
  const verdict = row.verdict ? sayWord("verdict", row.verdict) : "";
  const doubts = row.doubts.map((one) => sayWord("step", one)).join(", ");
  const classes = ["cell", row.verdict ?? "", isCursor && "cursor", isChosen && "chosen"];
  return html`<div class=${classes.filter(Boolean).join(" ")} role="option"
    aria-selected=${isCursor || isChosen} aria-label=${[row.name, verdict, doubts].join(" ")}
    style=${{ transform: `translate(${left}px, ${top}px)` }} title=${row.name}
    onClick=${(event) => onCursor(place, event)} onDblClick=${() => onOpen(place)}>
    <div class="frame">
      ${isHidden
        ? html`<span class="plate">${say("covered")}</span>`
        : isBroken || row.refusal
          ? html`<span class="plate">${row.refusal ?? say("broken")}</span>`
          : html`<img src=${`/thumbnail/${row.id}`} alt="" decoding="async" draggable=${false}
              onError=${() => setBroken(true)} />`}
      ${verdict && html`<span class="verdict">${verdict}</span>`}
      ${row.doubts.length > 0 && !row.verdict && html`<span class="doubt">${doubts}</span>`}
    </div>
    <div class="name">${name}</div>
  </div>`;
}
