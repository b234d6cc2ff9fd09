using System.Text.Json;
using IommuSpy.Memory.Blocks;

namespace IommuSpy.Memory.Sources.Qemu;

/// <summary>
/// A guest of a running QEMU, by its QMP socket: memory through the file of its memory backend where that is shared, else in blocks that QEMU saves for us;
/// where memory is and the registers come from the monitor. It writes nothing and, but for --pause, changes nothing.
/// </summary>
internal static class QemuSource
{
    private const string Format = "running QEMU";

    /// <summary>Connects to a QMP socket.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="path">The QMP socket.</param>
    /// <param name="options">What the user says.</param>
    internal static MemoryImage Open(string name, string path, MemoryImageOptions options)
    {
        List<IDisposable> owned = [];
        try
        {
            QmpClient qmp = QmpClient.Connect(name, path);
            owned.Add(qmp);
            if (options.Pause && IsRunning(qmp))
            {
                // Registered before it is stopped: an interruption may come in between.
                owned.Insert(0, new Resumption(qmp));
                qmp.Execute("stop").Dispose();
            }
            else if (IsRunning(qmp))
            {
                options.Tell?.Invoke($"{name}: the guest is running while it is read: what it changes meanwhile may not fit together; --pause stops it");
            }

            List<RamRun> runs = MonitorText.Ram(qmp.Monitor("info mtree -f"));
            if (runs.Count == 0)
            {
                throw new MemoryImageException($"{name}: QEMU's monitor names no RAM (info mtree -f)");
            }

            if (MonitorText.IsTooMuch(runs))
            {
                throw new MemoryImageException($"{name}: what listens there names more RAM than any guest has");
            }

            Dictionary<string, ImageFile> files = BackingFiles(qmp, owned);
            List<MemorySegment> segments = [];
            List<PhysicalRange> data = [];
            SavedMemory? saved = null;
            BlockCache? cache = null;
            foreach (RamRun run in runs)
            {
                if (files.TryGetValue(run.Region, out ImageFile? file) && file.Holds(run.Offset, run.Range.Length))
                {
                    segments.Add(file.SegmentAt(run.Range.Start, run.Offset, run.Range.Length));
                    data.AddRange(FileData.In(file, run.Range.Start, run.Offset, run.Range.Length));
                    continue;
                }

                if (saved is null)
                {
                    saved = new(qmp, runs);
                    owned.Insert(0, saved);
                    cache = new(1 << saved.BlockShift, options.Limits.CacheBytes);
                }

                segments.Add(MemorySegment.Behind(new OffsetSegment(saved, cache!, run.Range.Start.Value), run.Range));
                data.Add(run.Range);
            }

            string way = files.Count > 0 ? "QEMU's memory map, RAM through its shared file" : "QEMU's memory map, RAM saved by QEMU in blocks";
            PhysicalMemory memory = new(segments) { DataRanges = [.. data.OrderBy(range => range.Start)] };
            return new(name, owned, Format, [new(memory, way)]) { Cpus = MonitorText.Cpus(qmp.Monitor("info registers -a")) };
        }
        catch (QmpException e)
        {
            owned.ForEach(one => one.Dispose());
            throw new MemoryImageException(e.Message, e);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            // JSON of other kinds than QEMU's, or texts that are none.
            owned.ForEach(one => one.Dispose());
            throw new MemoryImageException($"{name}: what listens there does not answer as QEMU does: {e.Message}", e);
        }
        catch
        {
            owned.ForEach(one => one.Dispose());
            throw;
        }
    }

    private static bool IsRunning(QmpClient qmp)
    {
        using JsonDocument status = qmp.Execute("query-status");
        return status.RootElement.GetProperty("return").TryGetProperty("running", out JsonElement running) && running.GetBoolean();
    }

    // The files of shared memory backends, by the backends' ids. One that cannot be opened from here is as good as none.
    private static Dictionary<string, ImageFile> BackingFiles(QmpClient qmp, List<IDisposable> owned)
    {
        Dictionary<string, ImageFile> files = new(StringComparer.Ordinal);
        using JsonDocument backends = qmp.Execute("query-memdev");
        foreach (JsonElement backend in backends.RootElement.GetProperty("return").EnumerateArray())
        {
            if (!backend.TryGetProperty("id", out JsonElement id) || id.GetString() is not string name
                || !(backend.TryGetProperty("share", out JsonElement share) && share.GetBoolean()))
            {
                continue;
            }

            try
            {
                using JsonDocument path = qmp.Execute("qom-get", ("path", "/objects/" + name), ("property", "mem-path"));
                if (path.RootElement.GetProperty("return").GetString() is string file && qmp.HasOnCommandLine(file) && File.Exists(file))
                {
                    MappedFile mapped = MappedFile.Open(file);
                    owned.Add(mapped);
                    files[name] = mapped;
                }
            }
            catch (Exception e) when (e is QmpException or MemoryImageException)
            {
                // Not a file, or not ours to read: QEMU saves its memory for us instead.
            }
        }

        return files;
    }

    // A guest that was stopped for reading goes on, whatever ends the reading.
    private sealed class Resumption : IDisposable
    {
        private readonly QmpClient _qmp;
        private readonly OnInterrupt _onInterrupt;

        internal Resumption(QmpClient qmp)
        {
            _qmp = qmp;
            _onInterrupt = OnInterrupt.Do(Continue);
        }

        public void Dispose()
        {
            _onInterrupt.Dispose();
            Continue();
        }

        private void Continue()
        {
            try
            {
                _qmp.Insist("cont");
            }
            catch (Exception e) when (e is QmpException or MemoryImageException or IOException or ObjectDisposedException)
            {
                // QEMU has gone meanwhile.
            }
        }
    }
}
