using System.Globalization;
using System.Text.Json;
using IommuSpy.Lab.Guests;
using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>Boots one guest and records it.</summary>
internal sealed class CaptureBuilder(CaptureSpec spec, GuestKernel kernel, string inputs, Action<string> say, CancellationToken cancellation)
{
    private const string TimeoutVariable = "IOMMU_SPY_LAB_TIMEOUT";
    private const string KallsymsName = "oracle/guest/kallsyms";

    // For a busy machine of two cores; an idle one needs a tenth of it.
    private static readonly TimeSpan DefaultReadyLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan DumpLimit = TimeSpan.FromMinutes(5);

    // Between the collector's last word and the stop: its last write settles and every CPU reaches its idle loop.
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan QuitLimit = TimeSpan.FromSeconds(30);

    // The root of the tables of the machine that spins, in lab/guest/hypervisor.c, as QEMU prints it.
    private const string SpinningRoot = "CR3=0000000000011000";
    private const int StopAttempts = 20;

    private readonly PhaseTimes _times = new();
    private readonly Machine _machine = new(spec, kernel);

    /// <summary>Makes the capture beside <paramref name="final"/> and renames it at the end, so that a directory of that name is complete.</summary>
    public Capture Build(string final)
    {
        string building = final + ".building";
        string scratch = Directory.CreateTempSubdirectory("lab-").FullName;
        try
        {
            if (Directory.Exists(building))
            {
                Directory.Delete(building, recursive: true);
            }

            Directory.CreateDirectory(Path.Combine(building, "oracle/guest"));
            Record(building, scratch, final);
            Directory.Move(building, final);
        }
        catch (Exception error) when (error is not LabException && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException("the capture was cancelled", error, cancellation);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
            if (Directory.Exists(building))
            {
                Directory.Delete(building, recursive: true);
            }
        }

        return Capture.TryOpen(final) ?? throw new LabException($"{final} was made but cannot be opened");
    }

    private void Record(string building, string scratch, string final)
    {
        _times.Measure("prepare", () => Prepare(scratch));
        IReadOnlyList<string> arguments = _machine.Arguments(kernel, building, scratch);
        string oracle = Path.Combine(building, "oracle");
        TimeSpan readyLimit = ReadyLimit();
        say($"booting {kernel.Release}, {spec.Iommu.ToOptionText()} IOMMU, {spec.PagingLevels}-level paging, {spec.Memory}");
        using (QemuProcess qemu = QemuProcess.Start(_machine.Architecture, arguments, readyLimit + DumpLimit, cancellation))
        {
            _times.Measure("boot and collect", () => new SerialLog(Path.Combine(oracle, "serial.log")).WaitUntilReady(qemu, readyLimit, cancellation));
            cancellation.WaitHandle.WaitOne(SettleTime);
            say("capturing memory and oracles");
            using QmpClient monitor = QmpClient.Connect(Path.Combine(scratch, "qmp"));
            monitor.Execute("stop");
            if (spec.VirtualMachines)
            {
                StopInsideMachine(monitor);
            }

            string oracleDisk = _machine.Disks.Single(disk => disk.Label == "oracle").PathIn(scratch);
            _times.Measure("guest oracles", () => OracleDisk.Extract(oracleDisk, Path.Combine(oracle, "guest")));
            _times.Measure("monitor oracles", () => MonitorOracles.Write(monitor, spec, oracle));
            if (spec.Architecture == GuestArchitecture.Arm64)
            {
                _times.Measure(
                    "translations",
                    () => CpuTranslations.Write(monitor, Path.Combine(oracle, "guest"), Path.Combine(oracle, CaptureCheck.TranslationsName)));
            }

            KernelValues.Write(
                monitor, Path.Combine(building, KallsymsName), Path.Combine(oracle, "guest/iomem"), Path.Combine(oracle, "kernel-values.json"));
            _times.Measure("dump.elf", () => MemoryDump.WriteElf(monitor, Path.Combine(building, "dump.elf"), scratch, cancellation));
            _times.Measure("dump.kdump", () => MemoryDump.WriteKdump(monitor, Path.Combine(building, "dump.kdump")));
            foreach (string image in spec.MoreImages)
            {
                _times.Measure(image, () => MemoryDump.Write(image, monitor, Path.Combine(building, image), scratch, cancellation));
            }

            // Last of all: who leaves the stub lets the guest run on.
            using SystemRegisters? stub = spec.Architecture == GuestArchitecture.Arm64
                ? SystemRegisters.Write(monitor, scratch, Path.Combine(oracle, CaptureCheck.SystemRegistersName)) : null;
            monitor.Execute("quit");
            if (!qemu.WaitForExit(QuitLimit))
            {
                throw new LabException("QEMU did not end when it was told to");
            }
        }

        // A guest's memory is dirty with pages that its kernel cleared.
        foreach ((string file, _) in spec.MemoryFiles)
        {
            HostCommand.Run("fallocate", ["--dig-holes", Path.Combine(building, file)], cancellation);
        }

        File.Copy(kernel.Configuration, Path.Combine(oracle, "guest/config"));
        _times.Measure("check", () => new CaptureCheck(building, spec, kernel).Run());
        WriteRecord(building, [.. arguments.Select(argument => argument.Replace(building, final, StringComparison.Ordinal))]);
    }

    // One of the host's virtual machines never leaves its guest but for interrupts, and the host is to be seen with it inside.
    private void StopInsideMachine(QmpClient monitor)
    {
        for (int attempt = 0; !monitor.ExecuteHuman("info registers -a").Contains(SpinningRoot, StringComparison.Ordinal); attempt++)
        {
            if (attempt == StopAttempts)
            {
                throw new LabException("no processor was ever inside the virtual machine that spins");
            }

            monitor.Execute("cont");
            cancellation.WaitHandle.WaitOne(SettleTime);
            monitor.Execute("stop");
        }
    }

    private void Prepare(string scratch)
    {
        foreach (GuestDisk disk in _machine.Disks)
        {
            disk.Create(scratch, cancellation);
        }

        Initramfs.Write(Path.Combine(scratch, "initramfs"), kernel, _machine.Architecture, _machine.Disks.Count, spec, cancellation);
    }

    private void WriteRecord(string building, IReadOnlyList<string> arguments)
    {
        var files = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(building, "*", SearchOption.AllDirectories))
        {
            files[Path.GetRelativePath(building, file)] = new FileInfo(file).Length;
        }

        var record = new CaptureRecord(
            Tool: $"lab {typeof(CaptureBuilder).Assembly.GetName().Version?.ToString(3)}",
            Made: DateTimeOffset.UtcNow,
            Options: CaptureRecordOptions.From(spec),
            Inputs: inputs,
            Kernel: kernel,
            KernelCommandLine: _machine.KernelCommandLine,
            CpuModel: _machine.CpuModel,
            MemoryBytes: spec.Memory.Bytes,
            QemuVersion: QemuProcess.Version(_machine.Architecture, cancellation),
            QemuArguments: arguments,
            Notes: CaptureRecord.StandardNotes,
            Seconds: _times.Seconds,
            Files: files);
        File.WriteAllText(Path.Combine(building, CaptureRecord.FileName), JsonSerializer.Serialize(record, LabJson.Options));
    }

    private static TimeSpan ReadyLimit()
    {
        string? chosen = Environment.GetEnvironmentVariable(TimeoutVariable);
        bool isChosen = int.TryParse(chosen, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds > 0;
        return isChosen ? TimeSpan.FromSeconds(seconds) : DefaultReadyLimit;
    }
}
