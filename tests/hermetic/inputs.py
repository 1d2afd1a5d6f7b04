"""Ways to take a value from the machine: what a policy may evaluate in a replay.

An entry is an expression, after the statements before the last ";" of it. Its value must be the
same in two environments, or the replay must refuse it, or it must be listed in `OPEN` with a reason.
"""

from __future__ import annotations

CLOCK = """
import time; time.time()
import time; time.time_ns()
import time; time.monotonic()
import time; time.monotonic_ns()
import time; time.perf_counter()
import time; time.perf_counter_ns()
import time; time.process_time()
import time; time.process_time_ns()
import time; time.thread_time()
import time; time.localtime()
import time; time.gmtime()
import time; time.ctime()
import time; time.asctime()
import time; time.strftime('%H:%M:%S')
import time; time.strftime('%d.%m.%Y', time.localtime())
import time; time.clock_gettime(time.CLOCK_REALTIME)
import time; time.clock_gettime(time.CLOCK_MONOTONIC)
import time; time.clock_gettime_ns(time.CLOCK_REALTIME)
import time; time.clock_gettime(time.CLOCK_BOOTTIME)
import time; time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID)
import time; getattr(time, 'ti' + 'me')()
import time; vars(time)['time']()
import time; time.mktime(time.localtime())
import time; time.tzname
import time; time.timezone
from time import time; time()
from time import monotonic; monotonic()
from time import perf_counter as tick; tick()
import posix, time; posix.times()
import datetime; datetime.datetime.now()
import datetime; datetime.datetime.now(datetime.timezone.utc)
import datetime; datetime.datetime.utcnow()
import datetime; datetime.datetime.today()
import datetime; datetime.date.today()
import datetime; datetime.datetime.now().astimezone()
import datetime; type('Own', (datetime.datetime,), {}).now()
import datetime; (lambda dt=datetime.datetime: dt.now())()
import datetime; datetime.datetime.fromtimestamp(0)
conversation.now.now()
conversation.now.today()
type(conversation.now).utcnow()
import email.utils; email.utils.formatdate()
import email.utils; email.utils.localtime()
import email.utils; email.utils.make_msgid()
import logging; logging.makeLogRecord({}).created
import logging; logging.LogRecord('a', 1, 'b', 1, 'c', (), None).relativeCreated
import asyncio; asyncio.new_event_loop().time()
import asyncio; asyncio.run(asyncio.wait_for(asyncio.sleep(0, 5), 1))
import sched, time; sched.scheduler().timefunc()
import asyncio, time; asyncio.run(asyncio.sleep(5)); time.monotonic() > 5
import queue; queue.Queue().get(timeout=3)
import threading; threading.Event().wait(5)
import time; time.sleep(5); time.monotonic()
import time; time.sleep(5); time.time()
import time; t = time.monotonic; end = t() + 0.2; [time.sleep(0.01) for _ in iter(lambda: t() < end, False)] != []
import time; end = time.time() + 5; [time.sleep(1) for _ in iter(lambda: time.time() < end, False)]
import concurrent.futures as c, time; p = c.ThreadPoolExecutor(); p.submit(time.sleep, 0.05).result(5)
import asyncio; asyncio.run(asyncio.wait_for(asyncio.sleep(0.2), 9))
import http.cookiejar; http.cookiejar.time2isoz()
import calendar; calendar.timegm(__import__('time').gmtime())
import timeit; timeit.default_timer()
import locale, time; time.strftime('%c')
import zoneinfo, datetime; datetime.datetime.now(zoneinfo.ZoneInfo('Asia/Tokyo'))
import os; os.times()
import resource; resource.getrusage(resource.RUSAGE_SELF).ru_utime
import resource; resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
import imaplib; imaplib.Time2Internaldate(0)
import uuid; uuid.uuid1().time
import xmlrpc.client; str(xmlrpc.client.DateTime())
import plistlib, datetime; plistlib.dumps({'a': datetime.datetime.now()})
import sqlite3; sqlite3.connect(':memory:').execute("select date('now')").fetchone()
import sqlite3; sqlite3.connect(':memory:').execute("select strftime('%s', 'now')").fetchone()
import sqlite3; sqlite3.connect(':memory:').execute("select current_timestamp").fetchone()
import sqlite3; sqlite3.Connection(':memory:').execute("select julianday('now')").fetchone()
import sqlite3; sqlite3.connect(':memory:').execute("select random()").fetchone()
"""

RANDOM = """
import random; random.random()
import random; random.randint(1, 10**9)
import random; random.choice(range(10**6))
import random; random.shuffle(x := list(range(50))) or x
import random; random.sample(range(10**6), 3)
import random; random.gauss(0, 1)
import random; random.getrandbits(64)
import random; random.randbytes(8)
import random; random.Random().random()
import random; random.Random(None).random()
import random; seed = None; random.Random(seed).random()
import random; random.SystemRandom().random()
import random; random.SystemRandom().getrandbits(32)
import random; random.seed() or random.random()
import random; random.getstate()[1][:3]
import random; type('Own', (random.Random,), {})().random()
from random import random; random()
import os; os.urandom(8)
import os; os.getrandom(8)
import posix; posix.urandom(8)
from os import urandom; urandom(4)
import secrets; secrets.token_hex()
import secrets; secrets.token_bytes(8)
import secrets; secrets.token_urlsafe()
import secrets; secrets.randbelow(10**9)
import secrets; secrets.choice(range(10**6))
import uuid; uuid.uuid4()
import uuid; uuid.uuid1()
import uuid; uuid.getnode()
from uuid import uuid4; uuid4()
import ssl; ssl.RAND_bytes(8)
import statistics; statistics.NormalDist().samples(1)
import tempfile; next(tempfile._get_candidate_names())
import string, random; ''.join(random.choices(string.ascii_letters, k=8))
import hashlib, os; hashlib.sha256(os.urandom(4)).hexdigest()
import email.generator; email.generator._make_boundary()
"""

MACHINE = """
import os; os.getpid()
import os; os.getppid()
import os; os.getpgrp()
import os; os.getsid(0)
import os; os.getuid()
import os; os.geteuid()
import os; os.getgid()
import os; os.getegid()
import os; os.getgroups()
import os; os.getresuid()
import os; os.getlogin()
import os; os.uname()
import os; os.uname().nodename
import os; os.cpu_count()
import os; os.getloadavg()
import os; os.sched_getaffinity(0)
import os; os.get_terminal_size()
import posix; posix.getpid()
import posix; posix.uname()
import multiprocessing; multiprocessing.cpu_count()
import multiprocessing; multiprocessing.current_process().pid
import platform; platform.node()
import platform; platform.uname()
import platform; platform.release()
import platform; platform.version()
import platform; platform.platform()
import platform; platform.machine()
import platform; platform.libc_ver()
import socket; socket.gethostname()
import socket; socket.getfqdn()
import getpass; getpass.getuser()
import sys; sys.argv
import sys; sys.orig_argv
import sys; sys.flags.optimize
import sys; sys.flags.hash_randomization
import sys; sys.getfilesystemencoding()
import sys; sys.stdin.isatty() if sys.stdin else None
import sys; sys.dont_write_bytecode
import locale; locale.getlocale()
import locale; locale.getpreferredencoding()
import locale; locale.localeconv()['decimal_point']
import threading; threading.get_native_id()
import threading; threading.active_count()
import signal; signal.getitimer(signal.ITIMER_VIRTUAL)
import shutil; shutil.get_terminal_size()
import shutil; shutil.disk_usage('/')
import gc; gc.get_threshold()
hash('a')
hash(('a', 1.5))
list({'a', 'b', 'c', 'd', 'e', 'f'})
list({'kind', 'loyal', 'late'} | {'x', 'y'})
dict.fromkeys({'one', 'two', 'three'})
frozenset('abcdefgh')
sorted([object(), object()], key=id)[0] is None
repr(object())
str(print.__self__) + repr(lambda: 0)
__debug__
"""

ENVIRONMENT = """
import os; os.environ.get('HOME')
import os; os.environ.get('USER')
import os; os.environ.get('PATH')
import os; os.environ.get('TZ')
import os; os.environ.get('LANG')
import os; os.environ.get('PROBE')
import os; os.environ.get('PYTHONPATH')
import os; os.environ.get('PYTHONHASHSEED')
import os; os.environ.get('VIRTUAL_ENV')
import os; os.environ.get('CI')
import os; os.getenv('HOME')
import os; os.getenv('TERM')
import os; sorted(os.environ)
import os; dict(os.environ)
import os; os.environb.get(b'HOME')
import os; os.path.expanduser('~')
import os; os.path.expandvars('$HOME/$PROBE')
import shutil; shutil.os.environ.get('HOME')
import subprocess; subprocess.os.environ.get('USER')
import pathlib; pathlib.Path.home()
import pathlib; pathlib.Path('~').expanduser()
import tempfile; tempfile.gettempdir()
import shutil; shutil.which('git')
import shutil; shutil.which('python3')
import webbrowser; webbrowser.os.environ.get('BROWSER')
import urllib.request; urllib.request.getproxies()
import site; site.getuserbase()
import gettext; gettext.find('messages')
"""

FILES = """
import os; os.getcwd()
import os; os.path.abspath('x')
import pathlib; pathlib.Path('.').absolute()
import pathlib; pathlib.Path.cwd()
import pathlib; pathlib.Path('x').resolve()
__file__
import inspect, sys; inspect.getfile(sys._getframe())
open('/etc/hostname').read()
open('/etc/hosts').read()
open('/proc/self/stat').read()
open('/proc/uptime').read()
open('/proc/sys/kernel/random/uuid').read()
open('/dev/urandom', 'rb').read(4)
open('/etc/machine-id').read()
open('transcripts/0.json').read()
open('README.md').read()
open(__file__).read()[:9]
import os; os.open('/etc/passwd', os.O_RDONLY)
import pathlib; pathlib.Path('/etc/hosts').read_text()
import pathlib; pathlib.Path('/etc/hosts').exists()
import pathlib; pathlib.Path('/tmp').is_dir()
import pathlib; sorted(pathlib.Path('/').iterdir())
import os; os.path.exists('/etc/passwd')
import os; os.path.getmtime(__file__)
import os; os.path.getsize('/etc/passwd')
import os; os.stat(__file__)
import os; os.stat('.').st_ino
import os; os.lstat('/').st_mtime
import os; os.statvfs('/')
import os; os.access('/root', os.R_OK)
import os; os.access(__file__, os.W_OK)
import os; os.listdir('/')
import os; os.listdir('.')
import os; list(os.scandir('/etc'))
import os; list(os.walk('/home'))
import os; os.readlink('/proc/self/exe')
import os; os.umask(0o22) if 0 else os.stat(__file__).st_mode
import glob; glob.glob('/etc/*')
import linecache; linecache.getline('/etc/hosts', 1)
import pwd; pwd.getpwuid(0)
import mmap; mmap.mmap(-1, 8)[:]
import sqlite3; sqlite3.connect('/tmp/probe.db')
import sqlite3; sqlite3.connect(':memory:').execute('select 1 + 1').fetchone()
import zipfile; zipfile.ZipFile('/tmp/probe.zip')
import configparser; configparser.ConfigParser().read('/etc/gitconfig')
import importlib.resources as r; r.files('json').joinpath('__init__.py').is_file()
import mimetypes; mimetypes.guess_type('a.pdf')
import fileinput; next(fileinput.input('/etc/hosts'))
import tempfile; tempfile.TemporaryFile()
import tempfile; tempfile.mkdtemp()
open('new.txt', 'w').write('x')
import os; os.mkdir('new')
import os; os.remove(__file__)
import os; os.rename(__file__, 'other')
import os; os.chdir('/')
import os; os.utime(__file__)
import os; os.chmod(__file__, 0o600)
import os; os.symlink('a', 'b')
import os; os.truncate(__file__, 0)
import shutil; shutil.copy(__file__, 'copy')
"""

OUTSIDE = """
import socket; socket.socket()
import socket; socket.create_connection(('127.0.0.1', 9))
import socket; socket.getaddrinfo('localhost', 80)
import socket; socket.gethostbyname('localhost')
import socket; socket.gethostbyaddr('127.0.0.1')
import socket; socket.getservbyname('http')
import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.1', 9))
import socket; socket.socket(socket.AF_INET6)
import socket; socket.create_server(('127.0.0.1', 0))
import _socket; _socket.socket()
import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')
import http.client; http.client.HTTPConnection('127.0.0.1', 9).request('GET', '/')
import httpx; httpx.get('http://127.0.0.1:9')
import smtplib; smtplib.SMTP('127.0.0.1', 9)
import ftplib; ftplib.FTP('127.0.0.1')
import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', 9))
import subprocess; subprocess.run(['true'])
import subprocess; subprocess.check_output('date', shell=True)
import os; os.system('true')
import os; os.popen('date').read()
import os; os.posix_spawn('/bin/true', ['true'], {})
import os; os.execv('/bin/true', ['true'])
import os; os.fork()
import os; os.spawnv(os.P_WAIT, '/bin/true', ['true'])
import pty; pty.spawn('true')
import os; os.kill(os.getppid(), 0)
import multiprocessing; multiprocessing.Process(target=print).start()
import concurrent.futures as c; c.ProcessPoolExecutor().submit(abs, 1).result()
import threading; t = threading.Thread(target=__import__('os').system, args=['true']); t.start() or t.join()
import ctypes; ctypes.CDLL(None).getpid()
import ctypes; ctypes.CDLL(None).system(b'true')
import ctypes; ctypes.CDLL(None).time(None)
"""

GROUPS = {
    "clock": CLOCK,
    "randomness": RANDOM,
    "machine": MACHINE,
    "environment": ENVIRONMENT,
    "files": FILES,
    "network and programs": OUTSIDE,
}
ENTRIES = [(group, line) for group, lines in GROUPS.items() for line in lines.strip().splitlines()]

# what remains open, and why
OPEN = {
    "len(__file__)": "the path of the project",
    "import sys; sys.executable": "the path of Python",
    "import sys; sys.path": "the path of Python",
    "import sys; sys.version": "the version of Python",
    "import sys; sys.prefix": "the path of Python",
    "kinds = [type(n, (), {}) for n in 'abcdef']; [k.__name__ for k in set(kinds)]": "an address in memory",
    "id(object())": "an address in memory",
    "object().__hash__()": "an address in memory",
    "import threading; threading.get_ident()": "an address in memory",
}
