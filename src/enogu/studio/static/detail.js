// One picture: what each step found, before and after, and the tools that correct it.
import { useCallback, useEffect, useLayoutEffect, useState } from "preact/hooks";
import * as api from "./api.js";
import { Boxes } from "./boxes.js";
import { html } from "./html.js";
import { Mask } from "./mask.js";
import { say, sayWord } from "./words.js";

const TOOLS = /** @type {Record<string, string>} */ ({ look: "l", crop: "c", regions: "r", mask: "m" });
const ANSWERABLE = ["trim", "background", "regions", "quality"];
const LONGEST_VIEW = 1600;

/** Return the regions that count: drawn ones stand in for all found ones of their kind. */
export function countingRegions(regions) {
  if (!regions) return [];
  const drawn = (regions.values.drawn ?? []).map(([kind, ...box]) => ({ kind, box, drawn: true }));
  const kinds = new Set(drawn.map((one) => one.kind));
  const found = regions.regions
    .filter((one) => !kinds.has(one.kind))
    .map((one) => ({ ...one, drawn: false }));
  return regions.verdict === "skip" ? [] : [...drawn, ...found];
}

export function Detail({ id, row, showAll, attempt, take, tell, verdictButtons, onBack }) {
  const [view, setView] = useState(/** @type {any} */ (null));
  const [tool, setTool] = useState("look");
  const [isAfter, setAfter] = useState(false);
  const [isErasing, setErasing] = useState(false);
  const [brush, setBrush] = useState(24);
  const [kind, setKind] = useState("face");
  const [selected, setSelected] = useState(/** @type {number | null} */ (null));
  const [revision, setRevision] = useState(0);

  // The row changes with every verdict, answer and undo, so the view is read again with it.
  useEffect(() => {
    let isGone = false;
    attempt(() => api.readPicture(id)).then((answer) => {
      if (answer && !isGone) {
        // Without a mask everything is subject, so the first strokes take background away.
        if (!view) setErasing(!answer.steps.some((/** @type {any} */ one) => one.mask));
        setView(answer);
        setRevision((old) => old + 1);
      }
    });
    return () => { isGone = true; };
  }, [id, row]);

  const save = useCallback(async (action) => {
    const answer = await attempt(action);
    if (answer) {
      take(answer);
      tell(say("saved"));
    }
    return answer;
  }, []);

  useLayoutEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (["INPUT", "SELECT"].includes(target.tagName) || event.ctrlKey || event.metaKey) return;
      const chosen = Object.keys(TOOLS).find((name) => TOOLS[name] === event.key.toLowerCase());
      if (chosen) setTool(chosen);
      else if (event.key === "b") setAfter((old) => !old);
      else if (event.key === "e") setErasing((old) => !old);
      else if (event.key === "[") setBrush((old) => Math.max(2, Math.round(old / 1.4)));
      else if (event.key === "]") setBrush((old) => Math.min(200, Math.round(old * 1.4)));
      else if (event.key === "Delete" || event.key === "Backspace") remove();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });

  if (!view || !row) return html`<main class="detail"></main>`;
  const steps = Object.fromEntries(view.steps.map((one) => [one.step, one]));
  const trim = steps.trim;
  const regions = countingRegions(steps.regions);
  const whole = [0, 0, view.width, view.height];
  const isHidden = row.covered && !showAll;

  // A kind is kept as a whole: what was found of it becomes drawn with the box that changed.
  const keepRegions = (changed) => {
    const kinds = new Set(changed.filter((one) => one.drawn).map((one) => one.kind));
    const kept = changed.filter((one) => kinds.has(one.kind)).map((one) => [one.kind, ...one.box]);
    save(() => api.drawRegions(id, kept));
  };
  const remove = () => {
    const one = selected === null ? null : regions[selected];
    if (tool !== "regions" || !one) return;
    const rest = regions.filter((_, place) => place !== selected);
    const isOfFoundKind = steps.regions?.regions.some((found) => found.kind === one.kind);
    if (isOfFoundKind && !rest.some((other) => other.kind === one.kind))
      return tell(say("cannot_delete"), false);
    setSelected(null);
    keepRegions(rest.map((other) => (other.kind === one.kind ? { ...other, drawn: true } : other)));
  };

  const scale = Math.min(1, LONGEST_VIEW / Math.max(view.width, view.height));
  const shape = isAfter && view.after ? view.after : [view.width, view.height];
  const size = fitted(shape[0], shape[1]);
  return html`<main class="detail">
    <div class="stage">
      ${isHidden
        ? html`<span class="plate">${say("covered")}</span>`
        : html`<div class=${`view ${tool === "mask" && !isAfter ? "brush" : ""}`} style=${size}>
          ${isAfter
            ? html`<img class="after" src=${`/after/${id}?r=${revision}`} alt=${say("after")} />`
            : html`<img src=${`/full/${id}`} alt=${view.name} />
              <${Mask} width=${Math.round(view.width * scale)}
                height=${Math.round(view.height * scale)} isShown=${tool === "mask"}
                id=${id} mask=${steps.background?.mask ?? null} revision=${revision}
                brush=${brush} isErasing=${isErasing}
                onDrawn=${(/** @type {Blob} */ mask) => save(() => api.drawMask(id, mask))} />
              <${Boxes} width=${view.width} height=${view.height} tool=${tool}
                crop=${trim && trim.verdict !== "skip" ? trim.values.box ?? whole : whole}
                proposal=${trim?.verdict === "unsure" ? trim.values.proposal : null}
                regions=${regions} kind=${kind} selected=${selected} onSelect=${setSelected}
                onCrop=${(/** @type {number[]} */ box) => save(() => api.drawCrop(id, box))}
                onRegions=${keepRegions} />`}
        </div>`}
    </div>
    <aside>
      <div class="row"><button onClick=${onBack}>${say("back")} <kbd>Esc</kbd></button></div>
      <div class="row">${verdictButtons}</div>
      <p><strong>${view.name}</strong></p>
      <p class="pale">${say("facts", { width: view.width, height: view.height })}
        ${row.verdict && html` · ${sayWord("verdict", row.verdict)}`}</p>
      ${view.twins.length > 0 && html`<p class="pale">${say("twins", { names: view.twins.join(", ") })}</p>`}
      <div class="row" role="toolbar" aria-label=${say("tool")}>
        ${Object.entries(TOOLS).map(
          ([name, key]) => html`<button class=${tool === name ? "on" : ""} aria-pressed=${tool === name}
            data-tool=${name} onClick=${() => { setTool(name); setAfter(false); }}>
            ${say(`tool.${name}`)} <kbd>${key.toUpperCase()}</kbd></button>`,
        )}
      </div>
      <div class="row">
        <button class=${isAfter ? "on" : ""} data-view="after" aria-pressed=${isAfter}
          onClick=${() => setAfter(!isAfter)}>
          ${isAfter ? say("after") : say("before")} <kbd>B</kbd></button>
        ${tool === "regions" && html`<label>${say("kind")}${" "}
            <select value=${kind} onChange=${(/** @type {any} */ event) => setKind(event.target.value)}>
              ${["face", "head", "person", "subject", "text"].map((one) => html`<option value=${one}>${sayWord("kind", one)}</option>`)}
            </select></label>
          <button disabled=${selected === null} onClick=${remove}>${say("delete")} <kbd>Del</kbd></button>`}
        ${tool === "mask" && html`<button class=${isErasing ? "on" : ""} data-brush="erase"
            onClick=${() => setErasing(!isErasing)}>
            ${say("brush")}: ${say(isErasing ? "erase" : "add")} <kbd>E</kbd></button>
          <label><kbd>[</kbd> <kbd>]</kbd> <input type="range" min="2" max="200" value=${brush}
            onInput=${(/** @type {any} */ event) => setBrush(Number(event.target.value))} /></label>`}
      </div>
      ${view.steps.length === 0 && html`<p class="pale">${say("unprepared")}</p>`}
      ${view.steps.map((one) => html`<${Step} key=${one.step} step=${one}
        onAnswer=${(/** @type {string} */ answer) => save(() => api.answerStep(id, one.step, answer))} />`)}
      <h2>${say("caption")}</h2>
      <p class=${view.caption ? "" : "pale"}>${view.caption || say("no_caption")}</p>
      ${view.notes.map((/** @type {string} */ note) => html`<p class="pale">${note}</p>`)}
    </aside>
  </main>`;
}

/** What one step found, and the answers that a person can give. */
function Step({ step, onAnswer }) {
  const { reason, messages = [], reasons: cuts = [] } = step.values;
  const reasons = [reason, ...messages, ...cuts];
  const asks = ["unsure", "flagged"].includes(step.verdict);
  return html`<section data-step=${step.step}>
    <h2>${sayWord("step", step.step)}${" "}
      <span class=${`badge ${step.verdict}`}>${sayWord("found", step.verdict)}</span>
      ${step.decided && html` <span class="badge">${say("by_you")}</span>`}</h2>
    ${reasons.filter(Boolean).map((text) => html`<p class="pale">${sayWord("reason", text)}</p>`)}
    ${step.values.of_name && html`<p class="pale">${say("same_as", { name: step.values.of_name })}</p>`}
    ${ANSWERABLE.includes(step.step) && html`<div class="row">
      ${asks && step.can_accept && html`<button data-answer="accept" onClick=${() => onAnswer("accept")}>${say("accept")}</button>`}
      ${step.verdict !== "skip" && step.step !== "quality" && html`<button data-answer="skip" onClick=${() => onAnswer("skip")}>${say("skip")}</button>`}
      ${step.decided && html`<button data-answer="reset" onClick=${() => onAnswer("reset")}>${say("reset")}</button>`}
    </div>`}
  </section>`;
}

/** Return the style of the largest box of an aspect that fits the stage. */
function fitted(width, height) {
  const space = `min(100vw - 380px, ${Math.max(width, 900)}px)`;
  const room = "calc(100vh - 150px)";
  return {
    aspectRatio: `${width} / ${height}`,
    width: `min(${space}, calc((${room}) * ${width / height}))`,
  };
}
