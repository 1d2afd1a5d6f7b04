"""Ways to remember something between two transcripts.

An entry is a statement that remembers and sets `seen` to whether it already had. `before` is what its
module declares.
"""

from __future__ import annotations

from typing import NamedTuple


class Way(NamedTuple):
    """A way to remember: declarations of a module, and the body of a policy, which sets `seen`."""

    name: str
    body: str
    before: str = ""


WAYS = [
    Way("a global name", "global N\nseen = N > 0; N += 1", "N = 0"),
    Way("a global list", "seen = bool(L); L.append(1)", "L = []"),
    Way("a global dict", "seen = 'x' in D; D['x'] = 1", "D = {}"),
    Way("a global set", "seen = 'x' in S; S.add('x')", "S = set()"),
    Way("a global deque", "seen = bool(Q); Q.append(1)", "from collections import deque\nQ = deque()"),
    Way("a bytearray", "seen = bool(B); B.extend(b'x')", "B = bytearray()"),
    Way("a Counter", "seen = C['x'] > 0; C['x'] += 1", "from collections import Counter\nC = Counter()"),
    Way("a defaultdict", "seen = bool(D); D['x'].append(1)", "from collections import defaultdict\nD = defaultdict(list)"),
    Way("an OrderedDict", "seen = bool(D); D['x'] = 1", "from collections import OrderedDict\nD = OrderedDict()"),
    Way("a ChainMap", "seen = 'x' in D; D['x'] = 1", "from collections import ChainMap\nD = ChainMap({})"),
    Way("an array", "seen = len(A) > 0; A.append(1)", "from array import array\nA = array('i')"),
    Way("a nested list", "seen = bool(L[0][0]); L[0][0].append(1)", "L = [[[]]]"),
    Way("a new global name", "seen = 'NEW' in globals(); globals()['NEW'] = 1"),
    Way("a deleted global name", "global GONE\nseen = 'GONE' not in globals()\nif not seen: del GONE", "GONE = 1"),
    Way("a class attribute", "seen = K.n > 0; K.n += 1", "class K:\n    n = 0"),
    Way("a private class attribute", "seen = bool(K._s); K._s.add('x')", "class K:\n    _s = set()"),
    Way("a new class attribute", "seen = hasattr(K, 'new'); K.new = 1", "class K: pass"),
    Way("an attribute of a base class", "seen = bool(B.l); K.l.append(1)", "class B:\n    l = []\nclass K(B): pass"),
    Way("an object's attribute", "seen = O.n > 0; O.n += 1", "class K:\n    n = 0\nO = K()"),
    Way("an object with slots", "seen = O.n > 0; O.n += 1", "class K:\n    __slots__ = ('n',)\nO = K(); O.n = 0"),
    Way("a dataclass", "seen = bool(O.l); O.l.append(1)", "from dataclasses import dataclass, field\n@dataclass\nclass K:\n    l: list = field(default_factory=list)\nO = K()"),
    Way("a method's attribute", "seen = hasattr(K.f, 'x'); K.f.x = 1", "class K:\n    def f(self): pass"),
    Way("a metaclass", "seen = bool(M.l); M.l.append(1)", "class M(type):\n    l = []\nclass K(metaclass=M): pass"),
    Way("a descriptor", "seen = K.d; K().d", "class D:\n    n = 0\n    def __get__(self, o, t):\n        self.n += 1\n        return self.n > 1\nclass K:\n    d = D()"),
    Way("a property of a class", "seen = O.count > 1", "class K:\n    _n = 0\n    @property\n    def count(self):\n        K._n += 1\n        return K._n\nO = K()"),
    Way("a class in a registry", "seen = len(R) > 0; type('New', (Base,), {})", "R = []\nclass Base:\n    def __init_subclass__(cls): R.append(cls)"),
    Way("subclasses of a class", "seen = bool(B.__subclasses__()); K.append(type('New', (B,), {}))", "class B: pass\nK = []"),
    Way("an abstract base class", "seen = issubclass(int, A); A.register(int)", "from abc import ABC\nclass A(ABC): pass"),
    Way("an enum", "seen = bool(E.a.tags); E.a.tags.append(1)", "from enum import Enum\nclass E(Enum):\n    a = 1\nE.a.tags = []"),
    Way("a default argument", "seen = f()", "def f(l=[]):\n    l.append(1)\n    return len(l) > 1"),
    Way("a keyword default", "seen = f()", "def f(*, l=[]):\n    l.append(1)\n    return len(l) > 1"),
    Way("a replaced default", "seen = f.__defaults__ == (2,); f.__defaults__ = (2,)", "def f(n=1): pass"),
    Way("a function's attribute", "seen = hasattr(f, 'n'); f.n = 1", "def f(): pass"),
    Way("a closure", "seen = f()", "def make():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n > 1\n    return g\nf = make()"),
    Way("a closure over a list", "seen = f()", "def make(l):\n    def g():\n        l.append(1)\n        return len(l) > 1\n    return g\nf = make([])"),
    Way("a replaced function", "global f\nseen = f(); f = lambda: True", "def f(): return False"),
    Way("replaced code", "seen = f(); f.__code__ = (lambda: True).__code__", "def f(): return False"),
    Way("a generator", "seen = next(G) > 0", "G = iter(range(99))"),
    Way("itertools.count", "seen = next(C) > 0", "from itertools import count\nC = count()"),
    Way("itertools.cycle", "seen = next(C)", "from itertools import cycle\nC = cycle([False, True])"),
    Way("functools.cache", "f(); seen = f.cache_info().hits > 0", "from functools import cache\n@cache\ndef f(): return 1"),
    Way("functools.lru_cache", "f(1); seen = f.cache_info().hits > 0", "from functools import lru_cache\n@lru_cache\ndef f(x): return 1"),
    Way("cached_property", "seen = 'p' in vars(O); O.p", "from functools import cached_property\nclass K:\n    @cached_property\n    def p(self): return 1\nO = K()"),
    Way("singledispatch", "seen = int in f.registry; f.register(int, print)", "from functools import singledispatch\n@singledispatch\ndef f(x): pass"),
    Way("a partial", "seen = bool(P.keywords); P.keywords['x'] = 1", "from functools import partial\nP = partial(dict)"),
    Way("a context variable", "seen = V.get(0) > 0; V.set(1)", "from contextvars import ContextVar\nV = ContextVar('V')"),
    Way("threading.local", "seen = hasattr(T, 'x'); T.x = 1", "import threading\nT = threading.local()"),
    Way("a lock", "seen = not K.acquire(blocking=False)", "import threading\nK = threading.Lock()"),
    Way("an event", "seen = E.is_set(); E.set()", "import threading\nE = threading.Event()"),
    Way("a queue", "seen = not Q.empty(); Q.put(1)", "from queue import Queue\nQ = Queue()"),
    Way("a semaphore", "seen = not S.acquire(blocking=False)", "import threading\nS = threading.Semaphore(1)"),
    Way("a thread", "import threading\nseen = any(t.name == 'own' for t in threading.enumerate())\nthreading.Thread(target=E.wait, name='own', daemon=True).start()", "import threading\nE = threading.Event()"),
    Way("a weak dictionary", "seen = bool(W); W[K] = 1", "from weakref import WeakKeyDictionary\nclass K: pass\nW = WeakKeyDictionary()"),
    Way("a StringIO", "seen = F.tell() > 0; F.write('x')", "from io import StringIO\nF = StringIO()"),
    Way("a database in memory", "seen = len(D.execute('select * from t').fetchall()) > 0; D.execute('insert into t values (1)')", "import sqlite3\nD = sqlite3.connect(':memory:'); D.execute('create table t (x)')"),
    Way("a Random of its own", "seen = R.random() != F", "import random\nR = random.Random(1); F = random.Random(1).random()"),
    Way("the global Random", "import random\nseen = random.random() == random.Random(9).random() and M; random.seed(9); M.append(1)", "M = []"),
    Way("a decimal context", "import decimal\nseen = decimal.getcontext().prec == 9; decimal.getcontext().prec = 9"),
    Way("an environment variable", "import os\nseen = 'MARK' in os.environ; os.environ['MARK'] = '1'"),
    Way("sys.modules", "import sys\nseen = 'mark' in sys.modules; sys.modules['mark'] = sys"),
    Way("an attribute of a library", "import json\nseen = hasattr(json, 'mark'); json.mark = 1"),
    Way("a replaced library function", "import json\nseen = json.dumps is print; json.dumps = print"),
    Way("builtins", "import builtins\nseen = hasattr(builtins, 'mark'); builtins.mark = 1"),
    Way("a logger", "import logging\nseen = bool(logging.getLogger('own').handlers); logging.getLogger('own').addHandler(logging.NullHandler())"),
    Way("a warning filter", "import warnings\nn = len(warnings.filters); seen = any(f[0] == 'always' for f in warnings.filters); warnings.simplefilter('always')"),
    Way("sys.path", "import sys\nseen = '/mark' in sys.path; sys.path.append('/mark')"),
    Way("a trace function", "import sys\nseen = sys.getprofile() is not None; sys.setprofile(lambda *_: None)"),
    Way("the recursion limit", "import sys\nseen = sys.getrecursionlimit() == 2345; sys.setrecursionlimit(2345)"),
    Way("a regular expression cache", "import re\nseen = any('own' in str(k) for k in re._cache); re.compile('own')"),
    Way("a module imported late", "from . import late\nlate.N += 1; seen = late.N > 1"),
    Way("a signal handler", "import signal\nseen = signal.getsignal(signal.SIGUSR2) is not signal.SIG_DFL; signal.signal(signal.SIGUSR2, lambda *_: None)"),
    Way("an exit handler", "import atexit\nn = atexit._ncallbacks(); seen = n > M[0] if M else False; M[:] = [n]; atexit.register(print)", "M = []"),
    Way("the conversation's class", "seen = hasattr(type(conversation), 'mark'); type(conversation).mark = 1"),
    Way("the agent", "from .agent import agent\nseen = hasattr(agent, 'mark'); agent.mark = 1"),
    Way("the engine", "import workbench\nseen = hasattr(workbench, 'mark'); workbench.mark = 1"),
    Way("the cache of the engine", "from .agent import agent\nseen = 'mark' in agent.cache; agent.cache['mark'] = 1"),
]  # fmt: skip
