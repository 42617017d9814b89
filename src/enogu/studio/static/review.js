// The review page: a wall of pictures, and one picture at a time with its boxes and its mask.
import { render } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import * as api from "./api.js";
import { Detail } from "./detail.js";
import { html } from "./html.js";
import { Wall } from "./wall.js";
import { firstLanguage, LANGUAGES, loadWords, say, sayWord } from "./words.js";

const VERDICT_KEYS = /** @type {Record<string, string | null>} */ ({
  k: "keep",
  x: "leave-out",
  u: "unsure",
  n: null,
});

const FILTERS = /** @type {Record<string, (row: api.Row) => boolean>} */ ({
  unsure: (row) => row.unsure,
  all: () => true,
  open: (row) => row.verdict === null,
  keep: (row) => row.verdict === "keep",
  "leave-out": (row) => row.verdict === "leave-out",
});

function Page() {
  const [language, setLanguage] = useState("");
  const [project, setProject] = useState("");
  const [rows, setRows] = useState(/** @type {api.Row[]} */ ([]));
  const [canUndo, setCanUndo] = useState(false);
  const [filter, setFilter] = useState("unsure");
  const [query, setQuery] = useState("");
  const [cursor, setCursor] = useState(0);
  const [anchor, setAnchor] = useState(0);
  const [chosen, setChosen] = useState(/** @type {Set<string>} */ (new Set()));
  const [opened, setOpened] = useState(/** @type {string | null} */ (null));
  const [showAll, setShowAll] = useState(false);
  const [message, setMessage] = useState({ text: "", good: true });
  // Pictures that were just judged stay in a filtered wall until it is filtered anew.
  const [staying, setStaying] = useState(/** @type {Set<string>} */ (new Set()));
  const columns = useRef(1);

  const shown = useMemo(() => {
    const wanted = query.trim().toLowerCase();
    return rows.filter(
      (row) =>
        (FILTERS[filter](row) || staying.has(row.id)) &&
        (!wanted || row.name.toLowerCase().includes(wanted)),
    );
  }, [rows, filter, query, staying]);
  const numUnsure = useMemo(() => rows.filter((row) => row.unsure).length, [rows]);

  const tell = useCallback((text, good = true) => setMessage({ text, good }), []);
  const attempt = useCallback(async (action) => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof api.Refused)) throw error;
      tell(error.hint === "offline" ? say("offline") : `${error.message} ${error.hint}`, false);
      return null;
    }
  }, []);

  const take = useCallback((answer) => {
    const fresh = new Map(answer.rows.map((/** @type {api.Row} */ row) => [row.id, row]));
    setRows((old) => old.map((row) => fresh.get(row.id) ?? row));
    setCanUndo(answer.can_undo);
    setStaying((old) => new Set([...old, ...fresh.keys()]));
  }, []);

  const reload = useCallback(async () => {
    const answer = await attempt(api.readWall);
    if (!answer) return;
    setRows(answer.rows);
    setProject(answer.project);
    setCanUndo(answer.can_undo);
    setStaying(new Set());
    // Nothing in doubt: show what there is instead of an empty wall.
    if (!answer.rows.some(FILTERS.unsure)) setFilter((old) => (old === "unsure" ? "all" : old));
  }, []);

  useEffect(() => {
    loadWords(firstLanguage()).then(() => setLanguage(document.documentElement.lang));
    reload();
  }, []);

  const move = useCallback(
    (/** @type {number} */ place, extend = false) => {
      const goal = Math.max(0, Math.min(shown.length - 1, place));
      setCursor(goal);
      if (!extend) {
        setAnchor(goal);
        setChosen(new Set());
      } else {
        const [low, high] = anchor < goal ? [anchor, goal] : [goal, anchor];
        setChosen(new Set(shown.slice(low, high + 1).map((row) => row.id)));
      }
      if (opened !== null && shown[goal]) setOpened(shown[goal].id);
    },
    [shown, anchor, opened],
  );

  const judge = useCallback(
    async (/** @type {string | null} */ verdict) => {
      const here = shown[cursor];
      const ids = chosen.size ? [...chosen] : here ? [here.id] : [];
      if (!ids.length) return;
      // On at once: the next key may come before the answer, and means the next picture.
      setStaying((old) => new Set([...old, ...ids]));
      if (!chosen.size) move(cursor + 1);
      else setChosen(new Set());
      const answer = await attempt(() => api.giveVerdict(ids, verdict));
      if (!answer) return;
      take(answer);
      const word = verdict === null ? say("give.none") : sayWord("verdict", verdict);
      tell(say("given", { verdict: word, count: ids.length }));
    },
    [shown, cursor, chosen, move],
  );

  const undo = useCallback(async () => {
    const answer = await attempt(api.undo);
    if (!answer) return;
    take(answer);
    const count = answer.rows.length;
    tell(count ? say("undone", { count }) : say("nothing_to_undo"));
    const place = shown.findIndex((row) => row.id === answer.rows[0]?.id);
    if (place >= 0) move(place);
  }, [shown, move]);

  const nextUnsure = useCallback(() => {
    const place = shown.findIndex((row, number) => number > cursor && row.unsure);
    if (place >= 0) move(place);
  }, [shown, cursor, move]);

  // In the same breath as the change: an effect after painting would miss keys typed quickly.
  useLayoutEffect(() => {
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName) && event.key !== "Escape") return;
      const isUndo = event.key.toLowerCase() === "z";
      if (event.altKey || ((event.ctrlKey || event.metaKey) && !isUndo)) return;
      const step = opened === null ? columns.current : 1;
      /** @type {Record<string, () => void>} */
      const keys = {
        ArrowRight: () => move(cursor + 1, event.shiftKey),
        ArrowLeft: () => move(cursor - 1, event.shiftKey),
        ArrowDown: () => move(cursor + step, event.shiftKey),
        ArrowUp: () => move(cursor - step, event.shiftKey),
        PageDown: () => move(cursor + 4 * step, event.shiftKey),
        PageUp: () => move(cursor - 4 * step, event.shiftKey),
        Home: () => move(0, event.shiftKey),
        End: () => move(shown.length - 1, event.shiftKey),
        Enter: () => opened === null && shown[cursor] && setOpened(shown[cursor].id),
        Escape: () => (target.tagName === "INPUT" ? target.blur() : setOpened(null)),
        j: nextUnsure,
        z: undo,
      };
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (key === "Enter" && target.tagName === "BUTTON") return;
      const action = key in VERDICT_KEYS ? () => judge(VERDICT_KEYS[key]) : keys[key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [shown, cursor, opened, move, judge, undo, nextUnsure]);

  // A button that was clicked gives the keys back to the wall; one reached by keys keeps them.
  const onClick = (/** @type {MouseEvent} */ event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button && event.detail) button.blur();
  };
  const change = (/** @type {string} */ name) => {
    setStaying(new Set());
    setFilter(name);
    setCursor(0);
    setAnchor(0);
    setChosen(new Set());
  };
  const onCursor = (/** @type {number} */ place, /** @type {MouseEvent} */ event) => {
    const id = shown[place].id;
    if (event.ctrlKey || event.metaKey) {
      setCursor(place);
      setChosen((old) => {
        const next = new Set(old);
        if (!next.delete(id)) next.add(id);
        return next;
      });
    } else move(place, event.shiftKey);
  };
  const switchLanguage = async () => {
    const other = LANGUAGES.find((one) => one !== language) ?? "en";
    await loadWords(other);
    setLanguage(other);
  };

  if (!language) return null;
  const verdictButtons = Object.entries(VERDICT_KEYS).map(
    ([key, verdict]) => html`<button onClick=${() => judge(verdict)} data-verdict=${verdict ?? "none"}>
      ${say(`give.${verdict ?? "none"}`)} <kbd>${key.toUpperCase()}</kbd>
    </button>`,
  );
  return html`<div class="page" onClick=${onClick}>
    <header>
      <h1>${project}</h1>
      ${Object.keys(FILTERS).map(
        (name) => html`<button class=${name === filter ? "on" : ""} aria-pressed=${name === filter}
          data-filter=${name} onClick=${() => change(name)}>${say(`filter.${name}`)}</button>`,
      )}
      <input type="search" placeholder=${say("search")} aria-label=${say("search")} value=${query}
        onInput=${(/** @type {any} */ event) => { setQuery(event.target.value); setCursor(0); }} />
      <span class="grow"></span>
      <label><input type="checkbox" checked=${showAll}
        onChange=${(/** @type {any} */ event) => setShowAll(event.target.checked)} />
        ${" "}${say("show_covered")}</label>
      <button disabled=${!canUndo} onClick=${undo}>${say("undo")} <kbd>Z</kbd></button>
      <button onClick=${reload}>${say("reload")}</button>
      <button onClick=${switchLanguage} lang=${language === "en" ? "ja" : "en"}>${say("language")}</button>
    </header>
    ${opened === null
      ? html`<${Wall} rows=${shown} cursor=${cursor} chosen=${chosen} showAll=${showAll}
          onCursor=${onCursor} onOpen=${(/** @type {number} */ place) => { move(place); setOpened(shown[place].id); }}
          onColumns=${(/** @type {number} */ count) => { columns.current = count; }} />`
      : html`<${Detail} key=${opened} id=${opened} row=${rows.find((row) => row.id === opened)}
          showAll=${showAll} attempt=${attempt} take=${take} tell=${tell} verdictButtons=${verdictButtons}
          onBack=${() => setOpened(null)} />`}
    <footer>
      <span>${say("counts", { shown: shown.length, all: rows.length, open: numUnsure })}</span>
      <span role="status" class=${`message ${message.good ? "good" : ""}`}>${message.text}</span>
      <span class="grow"></span>
      ${opened === null && verdictButtons}
      <span>${say("help")}: <kbd>← ↑ ↓ →</kbd> ${say("help.move")}, <kbd>Enter</kbd> ${say("help.open")},
        ${" "}<kbd>Shift</kbd> ${say("help.range")}, <kbd>J</kbd> ${say("help.next")}</span>
    </footer>
  </div>`;
}

render(html`<${Page} />`, /** @type {HTMLElement} */ (document.getElementById("root")));
