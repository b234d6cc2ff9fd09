using BenchmarkDotNet.Running;

// IOMMU_SPY_BENCH_IMAGE=dump.elf dotnet run -c Release --project bench/IommuSpy.Bench -- --filter '*'
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
