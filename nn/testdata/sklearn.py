"""Writes sklearn.jsonl.gz: what scikit-learn 1.2 computes for outputs with ties, with sample weights, with
classes that do not occur. One case a line: name, metric, options, outputs, labels or targets, weights, and
want, a number or the points of a curve. Run it as: python3 sklearn.py DIR (Debian: python3-sklearn)."""
import gzip, json, os, sys, warnings
sys.path.pop(0)  # this directory, whose file has the name of the package
import numpy as np
import sklearn.metrics as M
from sklearn.calibration import calibration_curve
from sklearn.preprocessing import label_binarize

warnings.filterwarnings("ignore")
rs = np.random.RandomState(1)
cases = []


def tensor(a):
    a = np.asarray(a, float)
    return {"shape": list(a.shape), "data": a.reshape(-1).tolist()}


def number(x):
    if isinstance(x, list):
        return [[number(y) for y in p] for p in x]
    x = float(x)
    return "nan" if np.isnan(x) else x


def add(name, metric, want, outputs, labels=None, targets=None, weights=None, **options):
    c = {"name": f"{metric}/{name}", "metric": metric, "options": options, "outputs": tensor(outputs), "want": number(want)}
    if labels is not None: c["labels"] = np.asarray(labels).tolist()
    if targets is not None: c["targets"] = tensor(targets)
    if weights is not None: c["weights"] = np.asarray(weights).tolist()
    cases.append(c)


def grid(n, classes):
    """Probabilities that are eighths, so that many are equal, and sum to 1 exactly."""
    return rs.multinomial(8, rs.dirichlet(np.ones(classes)), size=n) / 8


def classes(name, y, p, w):
    c = p.shape[1]
    one_hot = label_binarize(y, classes=range(c)) if c > 2 else np.stack([1 - y, y], 1)
    hat = p.argmax(1)
    args = dict(outputs=p, labels=y, weights=w)
    kw = dict(sample_weight=w)
    add(name, "accuracy", M.accuracy_score(y, hat, **kw), **args)
    for average in ["macro", "micro", "weighted"] + (["default"] if c == 2 else []):
        o = dict(average="binary" if average == "default" else average, **kw)
        add(f"{name}/{average}", "precision", M.precision_score(y, hat, **o), average=average, **args)
        add(f"{name}/{average}", "recall", M.recall_score(y, hat, **o), average=average, **args)
        for beta in (0.5, 1, 2):
            add(f"{name}/{average}/{beta}", "fbeta", M.fbeta_score(y, hat, beta=beta, **o), average=average, beta=beta, **args)
    for k, score in enumerate(M.f1_score(y, hat, labels=range(c), average=None, **kw)):
        add(f"{name}/{k}", "fbeta", score, average="class", **{"class": k}, beta=1, **args)
    for weights in (None, "linear", "quadratic"):
        add(f"{name}/{weights}", "cohen_kappa", M.cohen_kappa_score(y, hat, labels=range(c), weights=weights, **kw), kappa=weights or "", **args)
    add(name, "matthews_correlation", M.matthews_corrcoef(y, hat, **kw), **args)
    add(name, "log_loss", M.log_loss(y, p, labels=range(c), **kw), **args)
    add(name, "perplexity", np.exp(M.log_loss(y, p, labels=range(c), **kw)), **args)
    if len(set(y)) == c:
        if c > 2:
            for average in ("macro", "weighted"):
                add(f"{name}/{average}", "roc_auc", M.roc_auc_score(y, p, multi_class="ovr", average=average, **kw), average=average, **args)
            for average in ("macro", "micro", "weighted"):
                add(f"{name}/{average}", "average_precision", M.average_precision_score(one_hot, p, average=average, **kw), average=average, **args)
        else:
            add(name, "roc_auc", M.roc_auc_score(y, p[:, 1], **kw), average="default", **args)
            add(name, "average_precision", M.average_precision_score(y, p[:, 1], **kw), average="default", **args)
        for k in range(c):
            fpr, tpr, t = M.roc_curve(y == k, p[:, k], drop_intermediate=False, **kw)
            add(f"{name}/{k}", "roc", np.stack([fpr, tpr, t], 1)[1:].tolist(), **{"class": k}, **args)
            precision, recall, t = M.precision_recall_curve(y == k, p[:, k], **kw)
            add(f"{name}/{k}", "precision_recall", np.stack([recall[:-1], precision[:-1], t], 1)[::-1].tolist(), **{"class": k}, **args)
    if c == 2:
        add(name, "brier_score", M.brier_score_loss(y, p[:, 1], **kw), **args)
        if w is None and len(set(y)) == 2:
            for bins in (5, 8, 10):  # of 8 all probabilities lie on edges
                true, predicted = calibration_curve(y, p[:, 1], n_bins=bins)
                add(f"{name}/{bins}", "reliability", np.stack([predicted, true], 1).tolist(), bins=bins, **args)
    else:
        distinct = p + np.arange(c) * 1e-9  # scikit-learn takes the last of equals
        for k in (1, 2):
            add(f"{name}/{k}", "top_k_accuracy", M.top_k_accuracy_score(y, distinct, k=k, labels=range(c), **kw), k=k, outputs=distinct, labels=y, weights=w)


def regression(name, t, q, w):
    args = dict(outputs=q, targets=t, weights=w)
    kw = dict(sample_weight=w)
    add(name, "mse", M.mean_squared_error(t, q, **kw), **args)
    add(name, "mae", M.mean_absolute_error(t, q, **kw), **args)
    add(name, "mape", M.mean_absolute_percentage_error(t, q, **kw), **args)
    add(name, "r2", M.r2_score(t, q, **kw), **args)
    add(name, "explained_variance", M.explained_variance_score(t, q, **kw), **args)
    if t.shape[1] == 1:
        add(name, "rmse", M.mean_squared_error(t, q, squared=False, **kw), **args)
        if w is None: add(name, "max_error", M.max_error(t, q), **args)


for c in (2, 3, 5):
    for weighted in (False, True):
        n = 40
        y, p = rs.randint(0, c, n), grid(n, c)
        w = np.round(rs.rand(n) * 3, 2) if weighted else None
        suffix = f"{c}" + ("/weights" if weighted else "")
        classes(suffix, y, p, w)
        classes(suffix + "/few", np.where(y == c - 1, 0, y), p, w)  # a class that does not occur
        one = np.zeros(n, int)
        classes(suffix + "/one", one, p, w)  # one class only
for outputs in (1, 3):
    for weighted in (False, True):
        n = 25
        t = np.round(rs.randn(n, outputs), 1)
        q = np.round(t + 0.4 * rs.randn(n, outputs), 1)
        w = np.round(rs.rand(n) * 3, 2) if weighted else None
        suffix = f"{outputs}" + ("/weights" if weighted else "")
        regression(suffix, t + 0.05, q, w)
        regression(suffix + "/constant", np.ones((n, outputs)), q, w)
        regression(suffix + "/right", t + 0.05, t + 0.05, w)
        regression(suffix + "/constant/right", np.ones((n, outputs)), np.ones((n, outputs)), w)
        regression(suffix + "/off", t + 0.05, t + 3.05, w)

with gzip.GzipFile(os.path.join(sys.argv[1], "sklearn.jsonl.gz"), "wb", mtime=0) as f:
    for c in cases: f.write((json.dumps(c, separators=(",", ":")) + "\n").encode())
print(len(cases), "cases")
