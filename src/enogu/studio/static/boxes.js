// Boxes over a picture, in its own pixels: the crop and the regions, moved and resized by hand.
import { useRef, useState } from "preact/hooks";
import { html } from "./html.js";
import { say, sayWord } from "./words.js";

const LEAST_PX = 4;
const CORNERS = /** @type {[number, number][]} */ ([[0, 1], [2, 1], [0, 3], [2, 3]]);

/**
 * @param {{width: number, height: number, tool: string, crop: number[], proposal: number[] | null,
 *   regions: {kind: string, box: number[], drawn: boolean}[], kind: string, selected: number | null,
 *   onSelect: (place: number | null) => void, onCrop: (box: number[]) => void,
 *   onRegions: (regions: {kind: string, box: number[], drawn: boolean}[]) => void}} props
 */
export function Boxes(props) {
  const { width, height, tool, crop, proposal, regions, kind, selected, onSelect } = props;
  const frame = useRef(/** @type {SVGSVGElement | null} */ (null));
  const [drag, setDrag] = useState(/** @type {any} */ (null));

  const at = (/** @type {PointerEvent} */ event) => {
    const place = /** @type {SVGSVGElement} */ (frame.current).getBoundingClientRect();
    return [
      ((event.clientX - place.left) / place.width) * width,
      ((event.clientY - place.top) / place.height) * height,
    ];
  };
  const begin = (/** @type {PointerEvent} */ event, what, box, sides) => {
    event.preventDefault();
    event.stopPropagation();
    /** @type {SVGSVGElement} */ (frame.current).setPointerCapture(event.pointerId);
    setDrag({ what, from: at(event), start: box, box, sides });
  };
  const onMove = (/** @type {PointerEvent} */ event) => {
    if (!drag) return;
    const [x, y] = at(event);
    setDrag({ ...drag, box: dragged(drag, x - drag.from[0], y - drag.from[1], width, height) });
  };
  const onUp = () => {
    if (!drag) return;
    const box = ordered(drag.box, width, height);
    setDrag(null);
    if (box.every((side, place) => side === drag.start[place])) return;
    if (box[2] - box[0] < LEAST_PX || box[3] - box[1] < LEAST_PX) return;
    if (drag.what === "crop") props.onCrop(box);
    else if (drag.what === "new") props.onRegions([...sameKind(regions, kind), { kind, box, drawn: true }]);
    else {
      const moved = regions[drag.what];
      const rest = regions.map((one, place) => (place === drag.what ? { ...one, box } : one));
      props.onRegions(sameKind(rest, moved.kind));
    }
  };
  const onDown = (/** @type {PointerEvent} */ event) => {
    const [x, y] = at(event).map(Math.round);
    if (tool === "crop") begin(event, "crop", [x, y, x, y], [2, 3]);
    else if (tool === "regions") {
      onSelect(null);
      begin(event, "new", [x, y, x, y], [2, 3]);
    }
  };

  const shownCrop = drag?.what === "crop" ? ordered(drag.box, width, height) : crop;
  const grip = Math.max(width, height) / 110;
  const isCropped = shownCrop.some((side, place) => side !== [0, 0, width, height][place]);
  return html`<svg ref=${frame} viewBox=${`0 0 ${width} ${height}`} preserveAspectRatio="none"
    onPointerDown=${onDown} onPointerMove=${onMove} onPointerUp=${onUp} onPointerCancel=${() => setDrag(null)}>
    ${(isCropped || tool === "crop") && html`
      <path class="outside" fill-rule="evenodd" d=${`M0 0H${width}V${height}H0Z${outline(shownCrop)}`} />
      <g class="crop" data-box="crop">${frameOf(shownCrop, `box crop ${tool === "crop" ? "movable" : ""}`,
        tool === "crop" ? (event) => begin(event, "crop", crop, null) : null)}
        ${tool === "crop" && gripsOf(shownCrop, grip, (event, sides) => begin(event, "crop", crop, sides))}</g>`}
    ${proposal && html`<g data-box="proposal">${frameOf(proposal, "box proposal", null)}</g>`}
    ${tool !== "crop" && regions.map((one, place) => {
      const box = drag?.what === place ? ordered(drag.box, width, height) : one.box;
      const isEdited = tool === "regions";
      return html`<g key=${place} data-box=${one.kind}>
        ${frameOf(box, `box ${one.drawn ? "drawn" : "found"} ${isEdited ? "movable" : ""}`,
          isEdited ? (event) => { onSelect(place); begin(event, place, one.box, null); } : null)}
        <text class="tag" x=${box[0] + grip} y=${box[1] + grip * 2.6} font-size=${grip * 2.4}>${sayWord("kind", one.kind)}</text>
        ${isEdited && selected === place && gripsOf(box, grip, (event, sides) => begin(event, place, one.box, sides))}
      </g>`;
    })}
    ${drag?.what === "new" && frameOf(ordered(drag.box, width, height), "box drawn", null)}
    <title>${say("tool")}</title>
  </svg>`;
}

/** Mark all boxes of a kind as drawn: they are kept together. */
function sameKind(regions, kind) {
  return regions.map((one) => (one.kind === kind ? { ...one, drawn: true } : one));
}

/** @param {number[]} box @param {string} classes @param {((event: PointerEvent) => void) | null} onPointerDown */
function frameOf([left, top, right, bottom], classes, onPointerDown) {
  return html`<rect class=${classes} x=${left} y=${top} width=${right - left} height=${bottom - top}
    pointer-events=${onPointerDown ? "all" : "none"} onPointerDown=${onPointerDown} />`;
}

function gripsOf(box, radius, begin) {
  return CORNERS.map(([x, y]) => html`<circle class="handle" cx=${box[x]} cy=${box[y]} r=${radius}
    style="cursor: nwse-resize" data-grip=${`${x}${y}`} onPointerDown=${(event) => begin(event, [x, y])} />`);
}

/** @param {number[]} box */
function outline([left, top, right, bottom]) {
  return `M${left} ${top}H${right}V${bottom}H${left}Z`;
}

/** Return a box after a drag: moved as a whole, or with some of its sides moved. */
export function dragged({ start, sides }, right, down, width, height) {
  if (sides === null) {
    const x = Math.max(-start[0], Math.min(width - start[2], Math.round(right)));
    const y = Math.max(-start[1], Math.min(height - start[3], Math.round(down)));
    return [start[0] + x, start[1] + y, start[2] + x, start[3] + y];
  }
  return start.map((side, place) =>
    sides.includes(place) ? Math.round(side + (place % 2 ? down : right)) : side,
  );
}

/** Return a box with its sides in order and inside the picture. @param {number[]} box @param {number} width @param {number} height */
export function ordered([x0, y0, x1, y1], width, height) {
  const clip = (value, most) => Math.max(0, Math.min(most, value));
  const [left, right] = [clip(Math.min(x0, x1), width), clip(Math.max(x0, x1), width)];
  const [top, bottom] = [clip(Math.min(y0, y1), height), clip(Math.max(y0, y1), height)];
  return [left, top, right, bottom];
}
