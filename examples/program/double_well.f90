! A particle in a double well: dx = (x - x³) dt + √(2D) dW, by Euler-Maruyama.
! Reads input.nml; writes path.dat, one unformatted record of `steps` double precision numbers.
program double_well
  implicit none
  integer, parameter :: dp = kind(1d0)
  real(dp), parameter :: pi = acos(-1d0)
  integer :: steps, seed, unit, i, n
  real(dp) :: noise, time_step, x, u(2)
  real(dp), allocatable :: path(:)
  integer, allocatable :: state(:)
  namelist /run/ steps, time_step, noise, seed

  open (newunit=unit, file="input.nml", status="old")
  read (unit, nml=run)
  close (unit)

  call random_seed(size=n)
  allocate (state(n), path(steps))
  state = [(seed + 7919*i, i=1, n)]
  call random_seed(put=state)

  x = 1
  do i = 1, steps
    call random_number(u)
    x = x + (x - x**3)*time_step + sqrt(2*noise*time_step)*sqrt(-2*log(1 - u(1)))*cos(2*pi*u(2))
    path(i) = x
  end do

  open (newunit=unit, file="path.dat", form="unformatted", status="replace")
  write (unit) path
  close (unit)
end program double_well
