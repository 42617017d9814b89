// A mask over a picture, painted with a brush: what is tinted is background.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";

const TINT = [226, 43, 92];

/**
 * @param {{width: number, height: number, id: string, mask: string | null, revision: number,
 *   isShown: boolean, brush: number, isErasing: boolean, onDrawn: (mask: Blob) => Promise<{mask: string} | null>}} props
 *   `mask` is the key of the mask there is; without one everything is subject. `revision` rises each
 *   time it was asked for: an undo may lead back to the key that was known before the last stroke.
 */
export function Mask({ width, height, id, mask, revision, isShown, brush, isErasing, onDrawn }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const last = useRef(/** @type {[number, number] | null} */ (null));
  // The key of what the canvas shows; undefined while it shows nothing that is kept.
  const shown = useRef(/** @type {string | null | undefined} */ (undefined));
  const unsaved = useRef(0);
  const [numRefused, setRefused] = useState(0);

  // The canvas holds the background: opaque where the mask is 0, clear where it is 255.
  useEffect(() => {
    // Its own strokes are there already; a stroke that goes on must not be wiped away.
    if (last.current || unsaved.current || shown.current === mask) return;
    const pen = context(canvas.current);
    pen.clearRect(0, 0, width, height);
    shown.current = mask;
    if (!mask) return;
    const picture = new Image();
    picture.onload = () => {
      pen.drawImage(picture, 0, 0, width, height);
      const pixels = pen.getImageData(0, 0, width, height);
      for (let place = 0; place < pixels.data.length; place += 4) {
        const subject = pixels.data[place];
        pixels.data.set([...TINT, 255 - subject], place);
      }
      pen.putImageData(pixels, 0, 0);
    };
    picture.src = `/mask/${id}?key=${mask}`;
    return () => { picture.onload = null; };
  }, [id, mask, revision, width, height, numRefused]);

  const at = (/** @type {PointerEvent} */ event) => {
    const place = /** @type {HTMLCanvasElement} */ (canvas.current).getBoundingClientRect();
    return /** @type {[number, number]} */ ([
      ((event.clientX - place.left) / place.width) * width,
      ((event.clientY - place.top) / place.height) * height,
    ]);
  };
  const stroke = (/** @type {[number, number]} */ from, /** @type {[number, number]} */ to) => {
    const pen = context(canvas.current);
    pen.globalCompositeOperation = isErasing ? "source-over" : "destination-out";
    pen.strokeStyle = `rgb(${TINT.join(" ")})`;
    pen.lineWidth = (brush * width) / Math.max(1, /** @type {HTMLElement} */ (canvas.current).clientWidth);
    pen.lineCap = "round";
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(to[0] + 0.01, to[1]);
    pen.stroke();
    pen.globalCompositeOperation = "source-over";
  };
  const onDown = (/** @type {PointerEvent} */ event) => {
    event.preventDefault();
    /** @type {HTMLCanvasElement} */ (canvas.current).setPointerCapture(event.pointerId);
    last.current = at(event);
    stroke(last.current, last.current);
  };
  const onMove = (/** @type {PointerEvent} */ event) => {
    if (!last.current) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const here = at(one);
      stroke(last.current, here);
      last.current = here;
    }
  };
  const onUp = async () => {
    if (!last.current) return;
    last.current = null;
    unsaved.current += 1;
    const answer = await onDrawn(await toMask(/** @type {HTMLCanvasElement} */ (canvas.current)));
    unsaved.current -= 1;
    shown.current = answer?.mask;
    if (!answer) setRefused((old) => old + 1);
  };
  return html`<canvas class="mask" ref=${canvas} width=${width} height=${height}
    style=${{ visibility: isShown ? "visible" : "hidden" }}
    onPointerDown=${onDown} onPointerMove=${onMove} onPointerUp=${onUp} onPointerCancel=${onUp}></canvas>`;
}

/** @param {HTMLCanvasElement | null} canvas */
function context(canvas) {
  const pen = /** @type {HTMLCanvasElement} */ (canvas).getContext("2d", { willReadFrequently: true });
  return /** @type {CanvasRenderingContext2D} */ (pen);
}

/** Return the mask as a grey PNG: white is subject. @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
async function toMask(canvas) {
  const pixels = context(canvas).getImageData(0, 0, canvas.width, canvas.height);
  for (let place = 0; place < pixels.data.length; place += 4) {
    const subject = 255 - pixels.data[place + 3];
    pixels.data.set([subject, subject, subject, 255], place);
  }
  const out = new OffscreenCanvas(canvas.width, canvas.height);
  const pen = /** @type {OffscreenCanvasRenderingContext2D} */ (out.getContext("2d"));
  pen.putImageData(pixels, 0, 0);
  return out.convertToBlob({ type: "image/png" });
}
