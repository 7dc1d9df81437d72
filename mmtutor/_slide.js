// Brings a figure of plotting.slide to life: a slider, and dots that follow it along the lines.
// The numbers are those of its table; without this script the picture and the table remain.
(() => {
  const prepare = (figure) => {
    figure.dataset.ready = "";
    const [head, ...rows] = [...figure.querySelectorAll("tr")].map((row) =>
      [...row.cells].map((cell) => cell.textContent)
    );
    const lines = [...figure.querySelectorAll("polyline")];
    const dots = [...figure.querySelectorAll("circle")];
    const label = document.createElement("label");
    const slider = document.createElement("input");
    const said = document.createElement("output");
    Object.assign(slider, { type: "range", min: 0, max: rows.length - 1, step: 1 });
    slider.value = rows.length >> 1; // where the dots are drawn
    const move = () => {
      const [step, ...values] = rows[slider.value];
      dots.forEach((dot, i) => {
        const { x, y } = lines[i].points[slider.value];
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", y);
      });
      said.textContent = `${step}: ` + values.map((v, i) => `${head[i + 1]} ${v}`).join(", ");
      slider.setAttribute("aria-valuetext", said.textContent);
    };
    slider.addEventListener("input", move);
    label.append(`${head[0]} `, slider, " ");
    figure.querySelector("svg").after(label, said);
    move();
  };
  const all = () => document.querySelectorAll("figure.slide:not([data-ready])").forEach(prepare);
  all();
  setTimeout(all); // where a notebook runs a script before it puts the figure into the page
})();
